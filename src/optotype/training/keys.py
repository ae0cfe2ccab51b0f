"""Random draws that depend on nothing but their key, so that they need no state to be resumed or shared out."""

from __future__ import annotations

import random

import numpy as np
import torch

MIX, STEP, SAMPLE = 1, 2, 3
"""First part of a key: what is drawn."""


def generator(*key: int) -> np.random.Generator:
    """NumPy's generator for a key of non-negative integers.

    >>> generator(1, 2).random() == generator(1, 2).random() != generator(2, 1).random()
    True
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))


def seed_all(*key: int) -> None:
    """Set the global random states from a key: torch's on every device (dropout, stochastic depth …), and those of
    Python and NumPy, which a model may draw from.
    """
    words = np.random.SeedSequence(key).generate_state(4, np.uint32)
    torch.manual_seed(int(words[0]) << 31 | int(words[1]) >> 1)
    random.seed(int(words[2]))
    np.random.seed(words[3])  # noqa: NPY002 — the legacy state is what a model would draw from
