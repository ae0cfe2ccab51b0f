"""All numbers of a detector from its evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.kernels.sweep import LANES
from optotype.machine import usable_cores
from optotype.metrics import average_precision as ap
from optotype.metrics import box_calibration as calibration
from optotype.metrics import operating
from optotype.metrics.average_precision import COCO, THRESHOLDS, Layout, Precision, Rules
from optotype.metrics.calibration import table
from optotype.metrics.intervals import (
    FEWEST_GROUPS,
    bootstrap_lanes,
    group_index,
)
from optotype.metrics.recalibration import recalibrate
from optotype.results import ClassResult, Counts, Metric, SliceResult
from optotype.tables import Array, Floats
from optotype.tasks.detect import intervals
from optotype.tasks.detect.intervals import Interval
from optotype.tasks.detect.protocol import calibration_protocol, protocol
from optotype.tasks.detect.sizing import contrasts
from optotype.tasks.detect.tiding import Tides
from optotype.tasks.measured import Measured, number
from optotype.tasks.wording import listed, plural


@dataclass(frozen=True, eq=False)
class Samples:
    """Every number of the data as they are, and of each resample of their groups.

    ``value`` and ``resampled`` hold the headline numbers by key, () and (resamples,): protocol ``coco``, TIDE as
    ``tide.Cls`` … in points, ``dece`` and ``dece_<size>``. ``class_value`` and ``class_resampled`` are the AP of each
    class, (K,) and (resamples, K). ``groups`` are drawn; ``independent``: each is one image; ``class_groups`` (K,) hold
    objects of the class. Samples of two evidences under the same seed are paired.
    """

    rules: Rules
    groups: int
    independent: bool
    class_groups: Array
    value: Mapping[str, float]
    resampled: Mapping[str, Floats]
    class_value: Floats
    class_resampled: Floats

    @property
    def enough(self) -> bool:
        """Whether there are resamples, of enough groups for intervals."""
        return bool(self.resampled) and self.groups >= FEWEST_GROUPS

    def interval(self, key: str) -> Interval:
        """Interval of a headline number; none where groups are too few, nothing varies or it lies on its bound."""
        if not self.enough or key not in self.resampled:
            return intervals.NONE
        return intervals.of_number(key, self.resampled[key], self.value[key])

    def class_interval(self, k: int) -> Interval:
        """That of the AP of a class whose objects lie in enough groups."""
        if not self.enough or self.class_groups[k] < FEWEST_GROUPS:
            return intervals.NONE
        return intervals.of_number("AP", self.class_resampled[:, k], float(self.class_value[k]))


@dataclass(frozen=True, eq=False)
class Swept:
    """What is laid out once and read by all: curves, their points, TIDE, and by area range what is said of calibration.

    ``scored`` are the detections that count in each range, ``errors`` their ``dece``, ``located`` the location-aware
    error of each class.
    """

    layout: Layout
    curves: Precision
    tides: Tides
    scored: tuple[calibration.Scored, ...]
    errors: tuple[calibration.BinnedError, ...]
    located: tuple[list[calibration.BinnedError], ...]
    recalibration: dict[str, Any]


def sweep(evidence: Evidence, rules: Rules = COCO, seed: int = 0, threads: int = 0) -> Swept:
    """Lay out the evidence, and sweep it once."""
    areas, K = range(len(rules.ranges)), len(evidence.classes)
    scored = tuple(calibration.scored(evidence, a) for a in areas)
    with ThreadPoolExecutor(threads or usable_cores()) as pool:  # each spends its time in kernels and NumPy
        recalibration = pool.submit(_recalibration, scored[0], seed)
        tides = pool.submit(Tides.of, evidence, 1)
        errors = pool.map(calibration.dece, scored)
        located = pool.map(lambda a: calibration.laece_of_classes(calibration.located(evidence, a), K), areas)
        layout = ap.lay_out(evidence, rules)
        curves = ap.sweep(layout, evidence)
        return Swept(
            layout, curves, tides.result(), scored, tuple(errors), tuple(located), recalibration.result()
        )  # fmt: skip


def resample(
    evidence: Evidence, *, resamples: int = 1000, seed: int = 0, threads: int = 0, rules: Rules = COCO
) -> Samples:
    """Every headline number of the evidence and of its bootstrap resamples."""
    return _resample(sweep(evidence, rules, seed, threads), evidence, resamples, seed, threads)


def _resample(swept: Swept, evidence: Evidence, resamples: int, seed: int, threads: int) -> Samples:
    rules, K = swept.layout.rules, len(evidence.classes)
    group, groups = group_index(evidence.groups)
    gaps = [calibration.gaps(sample) for sample in swept.scored]
    keys = [s.key for s in ap.selections(rules)]
    names = [*keys, *swept.tides.keys, *_dece_keys(rules)]

    def statistic(weights: Floats) -> Floats:
        numbers, classes = ap.lanes(swept.layout, weights)
        whole = np.ascontiguousarray(weights.T.astype(np.int32))
        errors = np.array([[gap.resampled(row) for row in whole] for gap in gaps])
        return np.concatenate([numbers, swept.tides.lanes(weights), errors, classes])

    drawn = bootstrap_lanes(statistic, groups, lanes=LANES, resamples=resamples, seed=seed, threads=threads)
    value = ap.headline(swept.curves, rules) | swept.tides.values
    value |= {key: error.value for key, error in zip(_dece_keys(rules), swept.errors, strict=True)}
    truth = evidence["truth"]
    real = operating.judged(evidence)
    pairs = np.unique(group[truth.item[real]].astype(np.int64) * K + truth["label"][real])
    return Samples(
        rules,
        groups,
        groups == len(evidence),
        np.bincount(pairs % K, minlength=K),
        value,
        {name: drawn[:, i] for i, name in enumerate(names)} if resamples else {},
        ap.per_class(swept.curves, rules)["AP"],
        drawn[:, len(names) :] if resamples else np.empty((0, K)),
    )


def _dece_keys(rules: Rules) -> list[str]:
    return ["dece", *(f"dece_{name}" for name in rules.names[1:])]


def measure(
    evidence: Evidence,
    prediction: object = None,  # noqa: ARG001 — all that is measured of boxes is in the evidence
    *,
    resamples: int = 1000,
    seed: int = 0,
    threads: int = 0,
    rules: Rules = COCO,
) -> Measured:
    """AP and AR, TIDE errors, calibration, each class and each size, with 95 % intervals where one is valid.

    ``resamples`` 0 leaves out the bootstrap. A value that does not exist is None and ``warnings`` says why.
    """
    if not len(evidence):
        raise InputError("evaluation", "at least one image", "none", "Check the truth's list of images.")
    swept = sweep(evidence, rules, seed, threads)
    samples = _resample(swept, evidence, resamples, seed, threads)
    warnings = _warnings(evidence, samples, resamples)
    headline = {s.key: _metric(samples, s.key) for s in ap.selections(rules)}
    errors = swept.tides.as_errors(samples.interval)
    errors["size_contrasts"] = _contrasts(swept, samples)
    if point := operating.best_f1(evidence):
        errors["best_f1"] = {name: getattr(point, name) for name in ("score", "precision", "recall", "f1")}
        errors["best_f1"]["false_per_image"] = point.false_per_image
    return Measured(
        metrics=headline,
        per_class=_per_class(evidence, swept, samples),
        slices={"size": _sizes(swept, samples), "iou": _thresholds(swept)},
        errors=errors,
        calibration=_calibration(swept, samples),
        protocol=protocol(rules, samples.independent, resamples=resamples, seed=seed),
        n=_counts(evidence, samples),
        warnings=warnings,
    )


def _counts(evidence: Evidence, samples: Samples) -> Counts:
    return Counts(
        items=len(evidence),
        groups=samples.groups,
        truth=int(operating.judged(evidence).sum()),
        predictions=len(evidence["detections"]),
        classes=len(evidence.classes),
    )


def _metric(samples: Samples, key: str) -> Metric:
    value = number(samples.value[key])
    low, high = samples.interval(key) if value is not None else (None, None)
    return Metric(value, low, high)


def _per_class(evidence: Evidence, swept: Swept, samples: Samples) -> list[ClassResult]:
    values = ap.per_class(swept.curves, samples.rules)
    n = swept.curves.positives[:, 0]
    errors = calibration.dece_of_classes(swept.scored[0], len(evidence.classes))
    rows = []
    for k, name in enumerate(evidence.classes):
        found = {key: Metric(number(of[k])) for key, of in values.items()}
        if found["AP"].value is not None:
            found["AP"] = Metric(found["AP"].value, *samples.class_interval(k))
        found |= {f"tide.{key}": metric for key, metric in swept.tides.of_class(k).items()}
        found["dece"] = Metric(number(errors[k]), better="lower")
        found["laece"] = Metric(number(swept.located[0][k].value), better="lower")
        rows.append(ClassResult(name, int(n[k]), found))
    return rows


def _sizes(swept: Swept, samples: Samples) -> list[SliceResult]:
    """AP, AR and TIDE (convention ``coco-range``) and calibration of each size."""
    rows = []
    for a, size in enumerate(samples.rules.names):
        if not a:
            continue
        found = {"AP": _metric(samples, f"AP_{size}"), "AR": _metric(samples, f"AR_{size}")}
        found |= {f"tide.{key}": metric for key, metric in swept.tides.of_size(size, samples.interval).items()}
        found["dece"] = _dece(swept, samples, a)[1]
        rows.append(SliceResult(size, int(swept.curves.positives[:, a].sum()), found))
    return rows


def _thresholds(swept: Swept) -> list[SliceResult]:
    """AP and AR at each IoU threshold."""
    n = int(swept.curves.positives[:, 0].sum())
    return [
        SliceResult(f"{iou:.2f}", n, {"AP": Metric(number(precision)), "AR": Metric(number(recall))})
        for iou, precision, recall in zip(THRESHOLDS.tolist(), *ap.by_threshold(swept.curves), strict=True)
    ]


def _dece(swept: Swept, samples: Samples, area: int) -> tuple[calibration.BinnedError, Metric]:
    error, key = swept.errors[area], _dece_keys(samples.rules)[area]
    if samples.enough and error.n:
        error = calibration.with_interval(error, samples.resampled[key])
    return error, Metric(number(error.value), error.low, error.high, better="lower")


def _contrasts(swept: Swept, samples: Samples) -> list[dict[str, Any]]:
    """Sizes against each other; none where the ranges are not COCO's sizes."""
    names = samples.rules.names[1:]
    if samples.rules.ranges != COCO.ranges:
        return []
    keys = _dece_keys(samples.rules)
    valid = {keys[a + 1] for a in range(len(names)) if _dece(swept, samples, a + 1)[1].low is not None}
    valid |= {key for key in samples.value if not key.startswith("dece") and samples.interval(key)[0] is not None}
    return contrasts(samples.value, samples.resampled, valid, names)


def _calibration(swept: Swept, samples: Samples) -> dict[str, Any]:
    """``dece`` and ``laece`` for all and by size, the reliability diagrams, and recalibration before and after."""
    rules, found = samples.rules, swept.scored
    classes = [np.flatnonzero(swept.curves.positives[:, a]) for a in range(len(rules.ranges))]
    located = [calibration.laece(swept.located[a], classes[a]) for a in range(len(rules.ranges))]
    errors = [_dece(swept, samples, a)[0] for a in range(len(rules.ranges))]
    result: dict[str, Any] = {
        "dece": _error(errors[0]) | calibration_protocol("dece"),
        "laece": _error(located[0]) | calibration_protocol("laece"),
        "size": {
            name: {"dece": _error(errors[a]), "laece": _error(located[a])}
            for a, name in enumerate(rules.names) if a
        },
        "reliability": table(calibration.reliability(found[0])),
        "reliability_size": {
            name: table(calibration.reliability(found[a])) for a, name in enumerate(rules.names) if a
        },
        "confidence": _mean(found[0].score),
        "precision": _mean(found[0].worth),
    }  # fmt: skip
    if swept.recalibration:
        result["recalibration"] = swept.recalibration
    return result


def _recalibration(sample: calibration.Scored, seed: int) -> dict[str, Any]:
    """Right or not as two classes, so that temperature scaling is of the score's logit; empty without detections."""
    if not len(sample.score):
        return {}
    right = sample.worth.astype(np.int32)
    scores = np.column_stack([1 - sample.score, sample.score])
    return recalibrate(
        scores, right, np.ones_like(right), sample.group, sample.groups, seed=seed, edges=calibration.DECE_EDGES,
        bins=calibration.DECE_BINS,
    )  # fmt: skip


def _error(error: calibration.BinnedError) -> dict[str, Any]:
    return {
        "value": number(error.value),
        "low": error.low,
        "high": error.high,
        "debiased": number(error.debiased),
        "n": error.n,
        "reason": error.reason,
    }


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _warnings(evidence: Evidence, samples: Samples, resamples: int) -> list[str]:
    found, classes = evidence["detections"], evidence.classes
    truth = np.bincount(evidence["truth"]["label"][operating.judged(evidence)], minlength=len(classes))
    said = np.bincount(found["label"], minlength=len(classes))
    warnings = []
    if (mask := (truth == 0) & (said > 0)).any():
        warnings.append(f"{listed(classes, mask)} detected but without an object in the truth: no AP, out of the mean.")
    if (mask := (truth == 0) & (said == 0)).any():
        warnings.append(f"{listed(classes, mask)} in neither truth nor detections: no numbers, out of every mean.")
    if (mask := (truth > 0) & (said == 0)).any():
        warnings.append(f"{listed(classes, mask)} never detected: AP 0.")
    if not len(found):
        warnings.append("There are no detections.")
    if not truth.sum():
        warnings.append("There are no objects in the truth, so that AP, AR and TIDE errors do not exist.")
    absent = [s.key for s in ap.selections(samples.rules) if math.isnan(samples.value[s.key])]
    if absent and truth.sum():
        verb = "does" if len(absent) == 1 else "do"
        warnings.append(f"{', '.join(absent)} {verb} not exist: there is no object in the range of areas.")
    cap = samples.rules.cap
    if over := int((found["rank"] >= cap).sum()):
        warnings.append(f"{plural(over, 'detection')} beyond the best {cap} of a class in an image do not count.")
    if resamples and samples.groups < FEWEST_GROUPS:
        warnings.append(
            f"No intervals: {plural(samples.groups, 'independent group')} are too few (at least {FEWEST_GROUPS})."
        )
    return warnings
