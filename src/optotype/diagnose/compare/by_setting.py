"""Settings, each with its runs of several seeds, held against each other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from optotype.diagnose.compare.records import Difference, SettingPair


class Valued(Protocol):
    """Samples, which know the value of each number."""

    @property
    def value(self) -> Mapping[str, Any]:
        """By the number's key."""


S = TypeVar("S", bound=Valued)


def setting_pairs(
    members: Sequence[Sequence[int]],
    samples: Sequence[S],
    differences: Callable[[list[S], list[S]], dict[str, Difference]],
    headline: str,
) -> list[SettingPair]:
    """Every two settings, each with its runs (``members``); ``differences`` takes the first's samples and the second's.

    Two are apart where every run of one has a higher ``headline`` number than every run of the other.
    """
    made = []
    for first, second in itertools.combinations(range(len(members)), 2):
        a, b = ([samples[i] for i in members[side]] for side in (first, second))
        of_a, of_b = ([float(run.value[headline]) for run in side] for side in (a, b))
        apart = min(of_a) > max(of_b) or min(of_b) > max(of_a)
        made.append(SettingPair(first, second, differences(a, b), apart))
    return made


def mean(values: Iterable[Any]) -> Any:
    """The mean over runs, of numbers or of arrays of equal shape."""
    listed = list(values)
    return sum(listed[1:], start=listed[0]) / len(listed)
