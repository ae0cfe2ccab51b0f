"""Every number of a tracker from sums of addends, of the data or of many resamples at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from optotype.metrics.tracking.addends import COUNTS
from optotype.results import Better
from optotype.tables import Array, Floats

Sums: TypeAlias = Mapping[str, Array]
"""By name of the addends: (…) for counts, (…, 19) for what is summed at each α."""

_TINY = 1e-10


def curves(sums: Sums) -> dict[str, Floats]:
    """HOTA and its parts at each α, (…, 19). Where nothing is matched the association is 0 and LocA 1, as in TrackEval.

    HOTA = √(DetA · AssA), DetA = TP / (TP + FN + FP), AssA the mean of A(c) over the true positives (Luiten et al.
    2021).
    """
    tp, fn, fp = (np.asarray(sums[f"HOTA_{kind}"], np.float64) for kind in ("TP", "FN", "FP"))
    found = {
        "DetA": tp / np.maximum(1, tp + fn + fp),
        "AssA": sums["AssA"] / np.maximum(1, tp),
        "LocA": np.maximum(_TINY, sums["LocA"]) / np.maximum(_TINY, tp),
        "DetRe": tp / np.maximum(1, tp + fn),
        "DetPr": tp / np.maximum(1, tp + fp),
        "AssRe": sums["AssRe"] / np.maximum(1, tp),
        "AssPr": sums["AssPr"] / np.maximum(1, tp),
    }
    return {"HOTA": np.sqrt(found["DetA"] * found["AssA"]), **found}


CURVES: Final = ("HOTA", "DetA", "AssA", "LocA", "DetRe", "DetPr", "AssRe", "AssPr")


@dataclass(frozen=True)
class Number:
    """One number of a tracker; it exists where one of the addends that it ``needs`` is above 0 (none: always).

    HOTA's need matches at the lowest α, of which ``matches`` is the count.
    """

    key: str
    needs: tuple[str, ...] = ()
    unit: str = "ratio"
    better: Better = "higher"


_BOTH, _TRUTH, _SAID, _MATCHES = ("truth", "predictions"), ("truth",), ("predictions",), ("matches",)

NUMBERS: Final = (
    Number("HOTA", _BOTH),
    Number("DetA", _BOTH),
    Number("AssA", _MATCHES),
    Number("LocA", _MATCHES),
    Number("DetRe", _TRUTH),
    Number("DetPr", _SAID),
    Number("AssRe", _MATCHES),
    Number("AssPr", _MATCHES),
    Number("MOTA", _TRUTH),
    Number("MOTP", ("TP",)),
    Number("MT", unit="count"),
    Number("PT", unit="count"),
    Number("ML", unit="count", better="lower"),
    Number("IDSW", unit="count", better="lower"),
    Number("Frag", unit="count", better="lower"),
    Number("FP", unit="count", better="lower"),
    Number("FN", unit="count", better="lower"),
    Number("IDF1", _BOTH),
    Number("IDP", _SAID),
    Number("IDR", _TRUTH),
)
"""In the order in which they are told."""


def as_trackeval(sums: Sums) -> dict[str, Floats]:
    """Every number of ``NUMBERS`` (…) as TrackEval gives it: 0 where it does not exist, LocA 1."""
    count = {name: np.asarray(sums[name], np.float64) for name in COUNTS}
    tp, fn, fp = count["TP"], count["FN"], count["FP"]
    idtp, idfn, idfp = count["IDTP"], count["IDFN"], count["IDFP"]
    found = {key: values.mean(axis=-1) for key, values in curves(sums).items()}
    found |= {
        "MOTA": (tp - fp - count["IDSW"]) / np.maximum(1.0, tp + fn),
        "MOTP": sums["MOTP_sum"] / np.maximum(1.0, tp),
        "IDF1": idtp / np.maximum(1.0, idtp + 0.5 * idfp + 0.5 * idfn),
        "IDP": idtp / np.maximum(1.0, idtp + idfp),
        "IDR": idtp / np.maximum(1.0, idtp + idfn),
    }
    return {number.key: found[number.key] if number.unit == "ratio" else count[number.key] for number in NUMBERS}


def numbers(sums: Sums) -> dict[str, Floats]:
    """Every number of ``NUMBERS`` (…), NaN where it does not exist."""
    known = {name: np.asarray(sums[name]) for name in COUNTS} | {"matches": np.asarray(sums["HOTA_TP"])[..., 0]}
    found = as_trackeval(sums)
    for number in NUMBERS:
        if number.needs:
            there = np.any([known[name] > 0 for name in number.needs], axis=0)
            found[number.key] = np.where(there, found[number.key], np.nan)
    return found


def absent(found: Mapping[str, Array]) -> tuple[str, ...]:
    """Keys of numbers () that do not exist."""
    return tuple(key for key, value in found.items() if np.isnan(value))
