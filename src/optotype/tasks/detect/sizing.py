"""Sizes against each other on the same resamples: which numbers differ between them?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import msgspec
import numpy as np

from optotype.metrics.significance import holm, normal_p
from optotype.results import Result
from optotype.tables import Floats
from optotype.tasks.detect.intervals import NONE, of_sizes
from optotype.tasks.detect.tiding import BY_SIZE, ERRORS
from optotype.tasks.measured import number

ALPHA = 0.05


class Contrast(msgspec.Struct, frozen=True):
    """``key`` of size ``a`` less that of size ``b``: both values, the difference with its interval, and p-values."""

    key: str
    a: str
    b: str
    a_value: float
    b_value: float
    value: float
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None


def contrasts(
    value: Mapping[str, float], resampled: Mapping[str, Floats], valid: set[str], names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Every number of every two sizes; p-values are corrected after Holm for all of them together.

    ``value`` and ``resampled`` (R,) have the keys of ``Samples``, of which those in ``valid`` have an interval. A
    difference may have one where either size has: a size without an error has none of its own and yet a difference to
    others. Of ``dece`` both must have one.
    """
    found = []
    for key, name in _keys():
        for low, high in combinations(names, 2):
            first, second = (name.format(size=size) for size in (high, low))
            values = [number(value.get(k)) for k in (first, second)]
            if values[0] is None or values[1] is None:
                continue
            ends, p = NONE, None
            difference = values[0] - values[1]
            if len({first, second} & valid) >= (2 if key == "dece" else 1):
                drawn = np.asarray(resampled[first] - resampled[second])
                ends = of_sizes(key, drawn, difference)
                p = None if ends == NONE else normal_p(difference, drawn)
            found.append(Contrast(key, high, low, values[0], values[1], difference, *ends, p, None))
    corrected = holm([c.p for c in found])
    return [
        msgspec.to_builtins(msgspec.structs.replace(c, p_holm=p)) for c, p in zip(found, corrected, strict=True)
    ]  # fmt: skip


def contrasts_of(result: Result) -> list[Contrast]:
    """The contrasts in a result."""
    return msgspec.convert(result.errors.get("size_contrasts", []), list[Contrast])


def _keys() -> list[tuple[str, str]]:
    """Short keys, and what a size's number is called among the samples."""
    tide = [(f"tide.{key}", f"tide/{BY_SIZE}/{{size}}.{key}") for key in ERRORS]
    return [("AP", "AP_{size}"), ("AR", "AR_{size}"), *tide, ("dece", "dece_{size}")]
