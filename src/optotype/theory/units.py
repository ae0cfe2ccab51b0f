"""Units of information: the base of the logarithm, and nothing else."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError, did_you_mean

Unit: TypeAlias = Literal["nats", "bits", "digits"]

BASES: dict[str, float] = {"nats": math.e, "bits": 2.0, "digits": 10.0}
"""Unit → base of the logarithm."""

Value = TypeVar("Value", float, NDArray[np.float64])


def convert(nats: Value, unit: Unit) -> Value:
    """Nats in another unit: x / ln b, with b = 2 for bits and 10 for decimal digits.

    Values and gradients of losses convert alike. Raises InputError for a unit that does not exist.

    >>> convert(math.log(8), "bits")
    3.0
    >>> round(convert(math.log(1000), "digits"), 12)
    3.0
    """
    if unit not in BASES:
        raise InputError("unit", "nats, bits or digits", f"'{unit}'", did_you_mean(unit, BASES))
    return nats if unit == "nats" else nats / math.log(BASES[unit])
