"""Seeded draws that stay the same on every machine and with every version of NumPy."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Span: TypeAlias = tuple[float, float]
"""Least and greatest of a uniform distribution."""


class Chance:
    """A stream of draws named by what it is for; every draw rests on ``random.Random.random``, which is stable.

    >>> Chance("street", 7, 0).uniform((0, 1)) == Chance("street", 7, 0).uniform((0, 1))
    True
    """

    def __init__(self, *name: object) -> None:
        digest = hashlib.blake2b("/".join(map(str, name)).encode(), digest_size=8).digest()
        self.share = random.Random(int.from_bytes(digest, "big")).random

    def uniform(self, span: Span) -> float:
        """A number in the span."""
        return span[0] + (span[1] - span[0]) * self.share()

    def whole(self, n: int) -> int:
        """One of 0 … n − 1."""
        return int(self.share() * n)

    def count(self, mean: float) -> int:
        """A whole number whose mean is ``mean``: its floor or one more."""
        return int(mean + self.share())

    def happens(self, probability: float) -> bool:
        """True with this probability."""
        return self.share() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, all alike."""
        return choices[int(self.share() * len(choices))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """One of the keys, with probability in proportion to its value."""
        left = self.share() * sum(weights.values())
        for key, weight in weights.items():
            left -= weight
            if left < 0:
                return key
        return key

    def normal(self, mean: float, sd: float) -> float:
        """A normal number, cut off at three standard deviations."""
        radius = math.sqrt(-2 * math.log(1 - self.share()))
        return mean + sd * max(-3.0, min(3.0, radius * math.cos(2 * math.pi * self.share())))

    def seed(self) -> int:
        """A seed below 2³¹ for whoever draws next."""
        return int(self.share() * 2**31)
