"""All numbers of a classifier from its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from optotype import metrics
from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.metrics import Measure
from optotype.metrics.calibration import (
    BINS,
    CLIP,
    Edges,
    chance_reach,
    classwise_ece,
    debiased_ece,
    ece_if_calibrated,
    ece_quantile,
    equal_edges,
    gap_distances,
    gap_interval,
    gap_spread,
    reliability,
    table,
)
from optotype.metrics.intervals import FEWEST_GROUPS, LEVEL, bootstrap, percentile, wilson
from optotype.metrics.recalibration import recalibrate
from optotype.metrics.tally import FEWEST_CLASSES_TOP5, Tally, tally
from optotype.results import ClassResult, Counts, Metric
from optotype.tables import Array, Floats, Labels
from optotype.tasks.measured import Measured, number
from optotype.tasks.wording import listed


@dataclass(frozen=True, eq=False)
class Samples:
    """Totals of the data as they are, and of each resample of their groups.

    ``value`` and ``resampled`` hold the headline metrics, () and (resamples,); ``class_value`` and
    ``class_resampled`` those of each class, (K,) and (resamples, K). Samples of two evidences under the same seed
    are paired. ``groups`` are drawn; ``independent``: each is one item; ``class_groups`` (K,) hold items of the
    class; ``truth_size`` and ``predicted_size`` (K,) are the effective numbers of independent items that are, or are
    said to be, of the class; ``chance_reach`` is the calibration error that chance alone explains (0 where that is not
    known).
    """

    groups: int
    independent: bool
    class_groups: Array
    truth_size: Floats
    predicted_size: Floats
    chance_reach: float
    once: Mapping[str, Array]
    totals: Mapping[str, Array]
    value: Mapping[str, Floats]
    resampled: Mapping[str, Floats]
    class_value: Mapping[str, Floats]
    class_resampled: Mapping[str, Floats]


def resample(
    evidence: Evidence, *, resamples: int = 1000, seed: int = 0, threads: int = 0, edges: Edges = "guo"
) -> Samples:
    """Every metric of the evidence and of its bootstrap resamples."""
    return _resample(tally(evidence, edges=edges), evidence, resamples, seed, threads)


def _resample(counted: Tally, evidence: Evidence, resamples: int, seed: int, threads: int) -> Samples:
    K = counted.classes
    rows = evidence["labels"]
    pairs = np.unique(counted.group.astype(np.int64) * K + rows["truth"])
    once = counted.once()
    drawn = bootstrap(counted.count, counted.groups, resamples=resamples, seed=seed, threads=threads)
    totals = counted.totals(drawn) if resamples else {}
    headline = metrics.of_task("classify")
    return Samples(
        counted.groups,
        counted.independent,
        np.bincount(pairs % K, minlength=K),
        effective_size(rows["truth"], counted.group, K),
        effective_size(rows["predicted"], counted.group, K),
        _chance(counted, evidence),
        once,
        totals,
        metrics.compute(once, headline),
        metrics.compute(totals, headline),
        metrics.compute(once, metrics.CLASS_METRICS),
        metrics.compute(totals, metrics.CLASS_METRICS),
    )


def _chance(counted: Tally, evidence: Evidence) -> float:
    if counted.part is None or not counted.independent:
        return 0.0
    return chance_reach(evidence["labels"]["confidence"], counted.part)


def measure(
    evidence: Evidence,
    prediction: Labels | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
    threads: int = 0,
    edges: Edges = "guo",
) -> Measured:
    """Headline metrics, metrics of each class, and calibration, with 95 % intervals.

    ``prediction`` is the table that the evidence was made from: with its scores come the classwise calibration
    error and recalibration, which need the scores of all classes. ``resamples`` 0 leaves out the bootstrap. A value
    that does not exist is None and ``warnings`` says why.
    """
    if not len(evidence):
        raise InputError("evaluation", "at least one item", "none", "Check the paths and the split.")
    counted = tally(evidence, edges=edges)
    samples = _resample(counted, evidence, resamples, seed, threads)
    warnings = _data_warnings(evidence, samples)
    bootstrapped = resamples > 0 and counted.groups >= FEWEST_GROUPS
    if resamples > 0 and not bootstrapped:
        warnings.append(
            f"No bootstrap intervals: {counted.groups} independent groups are too few (at least {FEWEST_GROUPS})."
        )
    headline = _headline(samples, bootstrapped, counted.classes, warnings)
    n = len(evidence)
    return Measured(
        metrics=headline,
        per_class=_per_class(evidence, samples, bootstrapped),
        calibration=_calibration(evidence, counted, samples, prediction, headline["ece"], seed, edges),
        protocol=protocol(counted, resamples=resamples, seed=seed, edges=edges),
        n=Counts(items=n, groups=counted.groups, truth=n, predictions=n, classes=counted.classes),
        warnings=warnings,
    )


def protocol(counted: Tally, *, resamples: int, seed: int, edges: Edges) -> dict[str, Any]:
    """Every convention that the numbers follow."""
    unit = "item" if counted.independent else "group"
    return {
        "name": "plain",
        "averages": "scikit-learn's with zero_division=0, over the classes in truth or prediction",
        "top5": "ties as scikit-learn's top_k_accuracy_score",
        "nll": f"natural logarithm, probabilities cut to [{CLIP:.3g}, 1 − {CLIP:.3g}]",
        "brier": "sum over classes, 0–2",
        "ece": {"bins": BINS, "edges": "(lo, hi]" if edges == "guo" else "[lo, hi)", "score_floor": 0.0},
        "intervals": {
            "level": LEVEL,
            "headline": "percentile bootstrap; ece: triangle inequality on the bootstrapped gaps of its bins",
            "per_class": "Wilson; F1: percentile bootstrap"
            if counted.independent
            else "percentile bootstrap; where that has none, Wilson at the effective number of items; F1: bootstrap",
            "unit": unit,
            "resamples": resamples,
            "seed": seed,
        },
    }


def _headline(samples: Samples, bootstrapped: bool, classes: int, warnings: list[str]) -> dict[str, Metric]:
    found, constant = {}, []
    for kind in metrics.of_task("classify"):
        value = number(samples.value.get(kind.key))
        low = high = None
        if value is not None and bootstrapped:
            low, high = _interval(kind, samples)
            if low == high:
                constant.append(kind.key)
                low = high = None
        found[kind.key] = Metric(value, low, high, kind.unit, kind.better)
    if "nll" not in samples.value:
        warnings.append("top5, nll, brier and ece do not exist: the predictions hold labels without scores.")
    elif found["top5"].value is None:
        warnings.append(f"top5 does not exist for {classes} classes; it needs {FEWEST_CLASSES_TOP5} or more.")
    if constant:
        warnings.append(
            f"No interval for {', '.join(constant)}: every resample gives the same value. With n items all alike, "
            "a rate of up to about 3/n of the other kind cannot be ruled out."
        )
    return found


def _interval(kind: Measure, samples: Samples) -> tuple[float | None, float | None]:
    if kind.interval == "gaps":
        once, totals = samples.once, samples.totals
        distances = gap_distances(once["gap"], float(once["n"]), totals["gap"], totals["n"])
        return gap_interval(float(samples.value[kind.key]), distances, samples.chance_reach)
    low, high = percentile(samples.resampled[kind.key])
    return number(low), number(high)


def _per_class(evidence: Evidence, samples: Samples, bootstrapped: bool) -> list[ClassResult]:
    bounds = _class_bounds(samples, bootstrapped)
    support = samples.once["support"].astype(int).tolist()
    results = []
    for k, name in enumerate(evidence.classes):
        found = {}
        for kind in metrics.CLASS_METRICS:
            value = number(samples.class_value[kind.key][k])
            low, high = bounds.get(kind.key, (None, None)) if value is not None else (None, None)
            found[kind.key] = Metric(
                value,
                None if low is None else number(low[k]),
                None if high is None else number(high[k]),
                kind.unit,
                kind.better,
            )
        results.append(ClassResult(name, support[k], found))
    return results


def _class_bounds(samples: Samples, bootstrapped: bool) -> dict[str, tuple[Floats, Floats]]:
    """Lower and upper ends (K,) for each class metric, NaN where there is no valid interval.

    Recall and precision are shares: Wilson's interval of independent items; of grouped ones the bootstrap's, and where
    that has none, Wilson's at the effective number of items.
    """
    once, bounds = samples.once, {}
    if bootstrapped:
        for key, values in samples.class_resampled.items():
            low, high = percentile(values)
            usable = (samples.class_groups >= FEWEST_GROUPS) & (low < high)
            bounds[key] = (np.where(usable, low, np.nan), np.where(usable, high, np.nan))
    for key, n, size in (
        ("recall", once["support"], samples.truth_size),
        ("precision", once["predicted"], samples.predicted_size),
    ):
        ends = wilson(once["hits"] * (size / np.maximum(n, 1)), size)
        if samples.independent or key not in bounds:
            bounds[key] = ends
        else:
            known = np.isfinite(bounds[key][0])
            bounds[key] = (np.where(known, bounds[key][0], ends[0]), np.where(known, bounds[key][1], ends[1]))
    return bounds


def effective_size(label: Array, group: Array, classes: int) -> Floats:
    """Kish's effective number of independent items of each class, (K,): n² / Σ m² over the m items in each group.

    It is n where every item is its own group, and holds even if the items of a group are all alike.

    >>> effective_size(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2]), 2).round(2).tolist()
    [1.8, 1.0]
    """
    pairs, items = np.unique(group.astype(np.int64) * classes + label, return_counts=True)
    squares = np.bincount(pairs % classes, items.astype(np.float64) ** 2, classes)
    return np.bincount(label, minlength=classes) ** 2 / np.maximum(squares, 1)


def _calibration(
    evidence: Evidence,
    counted: Tally,
    samples: Samples,
    prediction: Labels | None,
    headline: Metric,
    seed: int,
    edges: Edges,
) -> dict[str, Any]:
    if counted.gap is None or counted.part is None:
        return {}
    rows = evidence["labels"]
    confidence, correct = rows["confidence"], rows["truth"] == rows["predicted"]
    mean_gap = samples.once["gap"] / samples.once["n"]
    spread = gap_spread(counted.gap, counted.part, counted.group, counted.groups)
    found: dict[str, Any] = {
        "ece": {
            "value": headline.value,
            "low": headline.low,
            "high": headline.high,
            "debiased": debiased_ece(mean_gap, spread),
            "if_calibrated": ece_if_calibrated(confidence, counted.part) if counted.independent else None,
            "bins": BINS,
            "edges": "(lo, hi]" if edges == "guo" else "[lo, hi)",
            "score_floor": 0.0,
        },
        "ece-quantile": {"value": ece_quantile(confidence, correct), "bins": BINS, "edges": "[lo, hi)"},
        "confidence": float(confidence.mean()),
        "accuracy": float(correct.mean()),
        "reliability": table(reliability(confidence, correct, equal_edges(), edges)),
    }
    if prediction is not None and prediction.scores is not None:
        order = np.argsort(prediction.items.key, kind="stable")
        scores = prediction.scores[order]
        classwise = classwise_ece(scores, rows["truth"], edges=edges)
        found["classwise-ece"] = {"value": float(classwise.mean()), "per_class": classwise.tolist(), "bins": BINS}
        found["recalibration"] = recalibrate(
            scores, rows["truth"], rows["predicted"], counted.group, counted.groups, seed=seed, edges=edges
        )
    return found


def _data_warnings(evidence: Evidence, samples: Samples) -> list[str]:
    support, predicted = samples.once["support"], samples.once["predicted"]
    cases = (
        ((support == 0) & (predicted == 0), "in neither truth nor prediction: no numbers, out of every average"),
        ((support == 0) & (predicted > 0), "predicted but never true: no recall; it counts as 0 in macro averages"),
        ((support > 0) & (predicted == 0), "never predicted: no precision; it counts as 0 in macro averages"),
    )  # fmt: skip
    warnings = [f"{listed(evidence.classes, mask)} {what}." for mask, what in cases if mask.any()]
    rows = evidence["labels"]
    if "top_score" in rows.columns:
        odd = int((rows["confidence"] < rows["top_score"][:, 0]).sum())
        if odd:
            warnings.append(f"{odd} items are given a class whose score is not the highest; the label given counts.")
    return warnings
