"""A pair of detectors: differences of their numbers, and which objects one finds and the other misses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import msgspec
import numpy as np

from optotype.box_geometry import size_of
from optotype.diagnose.compare.by_class import class_differences
from optotype.diagnose.compare.records import (
    MOST_CHANGED,
    ChangedObject,
    ClassDifference,
    Difference,
    Found,
    Pair,
    SettingPair,
)
from optotype.diagnose.compare.significance import detectable, directions, holm, mcnemar
from optotype.diagnose.compare.size_views import size_keys
from optotype.evidence import Evidence
from optotype.metrics import operating
from optotype.metrics.intervals import FEWEST_GROUPS, group_index
from optotype.metrics.operating import Point
from optotype.metrics.significance import normal_p
from optotype.results import Better, Result
from optotype.tables import Array, Floats
from optotype.tasks import detect
from optotype.tasks.detect import Samples
from optotype.tasks.detect.intervals import of_detectors
from optotype.tasks.detect.pair_frames import changed_frames
from optotype.tasks.detect.protocol import rules_of
from optotype.tasks.measured import number

Known: TypeAlias = tuple[Result, Evidence, Samples]


def resample(result: Result, evidence: Evidence, *, resamples: int, seed: int, threads: int) -> Samples:
    """The numbers and their resamples, under the rules of the result."""
    rules = rules_of(result.protocol)
    return detect.resample(evidence, resamples=resamples, seed=seed, threads=threads, rules=rules)


def pair(one: Known, other: Known, names: tuple[str, str], *, same_setting: bool) -> Pair:
    """The second detector held against the first.

    Objects are counted at the first one's best F1, the second at a score with as many false detections an image; and
    the other way round (``found``). An object is fixed when the second finds it and the first does not.
    """
    (_, first, a), (_, second, b) = one, other
    sides = (operating.found_score(first), operating.found_score(second))
    points = [operating.best_f1(evidence) for evidence in (first, second)]
    found = [
        _found(first, second, sides, point, names, at) for at, point in enumerate(points) if point is not None
    ]  # fmt: skip
    chosen = found[0] if found else Found(names[0], 0.0, None, None, 0, 0, 0, 0, 1.0)
    fixed, broken = _changes(first, sides, chosen)
    return Pair(
        a=names[0],
        b=names[1],
        metrics=_metrics(one, other),
        fixes=chosen.fixes,
        breaks=chosen.breaks,
        both_right=chosen.both_right,
        both_wrong=chosen.both_wrong,
        mcnemar_p=chosen.p,
        detectable=_detectable(a, b),
        per_class=_per_class(first, a, b, (fixed, broken)),
        fixed=[],
        broken=[],
        same_setting=same_setting,
        found=found,
        fixed_objects=_objects(first, sides, fixed),
        broken_objects=_objects(first, sides, broken),
        frames=changed_frames(first, second, names, (chosen.score_a, chosen.score_b), fixed, broken),
    )


def _found(
    first: Evidence, second: Evidence, sides: tuple[Floats, Floats], point: Point, names: tuple[str, str], at: int
) -> Found:
    scores = [
        point.score if side == at else operating.at_false_positives(evidence, point.false_per_image)
        for side, evidence in enumerate((first, second))
    ]
    counted = Found(names[at], point.false_per_image, number(scores[0]), number(scores[1]), 0, 0, 0, 0, 1.0)
    fixed, broken = _changes(first, sides, counted)
    judged = operating.judged(first)
    finds = [judged & (side >= score) for side, score in zip(sides, scores, strict=True)]
    group = group_index(first.groups)[0][first["truth"].item]
    return msgspec.structs.replace(
        counted,
        fixes=int(fixed.sum()),
        breaks=int(broken.sum()),
        both_right=int((finds[0] & finds[1]).sum()),
        both_wrong=int((judged & ~finds[0] & ~finds[1]).sum()),
        p=mcnemar(*directions(group, np.zeros(len(group), np.int64), 1, fixed, broken)[0]),
    )


def _changes(first: Evidence, sides: tuple[Floats, Floats], found: Found) -> tuple[Array, Array]:
    """Which objects (m,) are fixed, and which broken."""
    scores = [math.inf if s is None else s for s in (found.score_a, found.score_b)]
    a, b = (side >= score for side, score in zip(sides, scores, strict=True))
    judged = operating.judged(first)
    return judged & ~a & b, judged & a & ~b


def _metrics(one: Known, other: Known) -> dict[str, Difference]:
    """Every headline number; sizes and kinds of errors are each a family for Holm's correction."""
    (first, _, a), (second, _, b) = one, other
    calibrated = _calibrated(first) & _calibrated(second)
    found = {
        key: _difference(key, a, b, valid=not key.startswith("dece") or key in calibrated) for key in a.value
    }  # fmt: skip
    for family in _families(list(found)):
        for key, p in zip(family, holm([found[key].p for key in family]), strict=True):
            found[key] = msgspec.structs.replace(found[key], p_holm=p)
    return found


def _families(keys: Sequence[str]) -> list[list[str]]:
    tides = [key for key in keys if key.startswith("tide.") and key != "tide.AP50"]
    return [size_keys(list(keys)), tides]


def _calibrated(result: Result) -> set[str]:
    """Calibration errors that carry an interval."""
    found = {"dece": result.calibration["dece"]}
    found |= {f"dece_{size}": of["dece"] for size, of in result.calibration["size"].items()}
    return {key for key, error in found.items() if error["low"] is not None}


def _difference(key: str, a: Samples, b: Samples, *, valid: bool) -> Difference:
    value = number(b.value[key] - a.value[key])
    error = key.startswith("dece") or ("." in key and not key.endswith("AP50"))
    better: Better = "lower" if error else "higher"
    unit = "points" if key.startswith("tide") else "ratio"
    if value is None or not valid or not a.enough:
        return Difference(value, unit=unit, better=better)
    return _judged(key, value, b.resampled[key] - a.resampled[key], unit, better)


def _judged(key: str, value: float, drawn: Floats, unit: str = "ratio", better: Better = "higher") -> Difference:
    """A difference with its interval, where one is valid, and its p-value."""
    low, high = of_detectors(key, drawn, value)
    return Difference(value, low, high, unit, better, None if low is None else normal_p(value, drawn))


def _detectable(a: Samples, b: Samples) -> float | None:
    return detectable(b.resampled["AP"] - a.resampled["AP"]) if a.enough else None


def _per_class(first: Evidence, a: Samples, b: Samples, changes: tuple[Array, Array]) -> list[ClassDifference]:
    return class_differences(
        "ap",
        first.classes,
        (a.class_value, b.class_value),
        [_class_difference(k, a, b) for k in range(len(first.classes))],
        label=first["truth"]["label"],
        counted=operating.judged(first),
        changes=changes,
    )


def _class_difference(k: int, a: Samples, b: Samples) -> Difference:
    value = number(b.class_value[k] - a.class_value[k])
    if value is None or not a.enough or a.class_groups[k] < FEWEST_GROUPS:
        return Difference(value)
    return _judged("AP", value, b.class_resampled[:, k] - a.class_resampled[:, k])


def _objects(first: Evidence, sides: tuple[Floats, Floats], mask: Array) -> list[ChangedObject]:
    """The objects of ``mask``, the largest first."""
    truth = first["truth"]
    rows = np.flatnonzero(mask)
    rows = rows[np.argsort(-truth["area"][rows], kind="stable")][:MOST_CHANGED]
    return [
        ChangedObject(
            key=str(first.keys[truth.item[i]]),
            label=first.classes[truth["label"][i]],
            box=tuple(truth["box"][i].tolist()),
            size=size_of(float(truth["area"][i])),
            a=number(sides[0][i]),
            b=number(sides[1][i]),
        )
        for i in rows.tolist()
    ]


def setting_pairs(members: Sequence[Sequence[int]], samples: Sequence[Samples]) -> list[SettingPair]:  # noqa: ARG001
    """None: detectors are not trained here, so that no two runs differ in the seed alone."""
    return []
