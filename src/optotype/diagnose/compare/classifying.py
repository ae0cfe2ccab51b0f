"""A pair of classifiers: differences of their numbers, and which items one has right and the other wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from optotype import metrics
from optotype.diagnose.compare import by_setting
from optotype.diagnose.compare.by_setting import mean
from optotype.diagnose.compare.records import MOST_CHANGED, Changed, ClassDifference, Difference, Pair, SettingPair
from optotype.diagnose.compare.significance import detectable, directions, holm, mcnemar
from optotype.evidence import Evidence
from optotype.metrics.calibration import gap_distances
from optotype.metrics.intervals import FEWEST_GROUPS, LEVEL, group_index, percentile
from optotype.results import Result
from optotype.tables import Array, Floats
from optotype.tasks import classify
from optotype.tasks.classify import Samples
from optotype.tasks.measured import number

Known: TypeAlias = tuple[Result, Evidence, Samples]


def resample(result: Result, evidence: Evidence, *, resamples: int, seed: int, threads: int) -> Samples:
    """The numbers and their resamples, under the conventions of the result."""
    return classify.resample(evidence, resamples=resamples, seed=seed, threads=threads, edges=_edges(result))


def pair(one: Known, other: Known, names: tuple[str, str], *, same_setting: bool) -> Pair:
    """The second classifier held against the first."""
    (_, first, a), (_, second, b) = one, other
    truth = first["labels"]["truth"]
    right_a, right_b = first["labels"]["predicted"] == truth, second["labels"]["predicted"] == truth
    fixed, broken = ~right_a & right_b, right_a & ~right_b
    fixes, breaks = int(fixed.sum()), int(broken.sum())
    found = {kind.key: _difference(kind, [a], [b]) for kind in metrics.of_task(first.task) if kind.key in a.value}
    return Pair(
        a=names[0],
        b=names[1],
        metrics=found,
        fixes=fixes,
        breaks=breaks,
        both_right=int((right_a & right_b).sum()),
        both_wrong=int((~right_a & ~right_b).sum()),
        mcnemar_p=mcnemar(*directions(group_index(first.groups)[0], np.zeros_like(truth), 1, fixed, broken)[0]),
        detectable=_detectable(a, b),
        per_class=_per_class(first, a, b, fixed, broken),
        fixed=_changed(first, second, fixed, surest=0),
        broken=_changed(first, second, broken, surest=1),
        same_setting=same_setting,
    )


def _difference(kind: metrics.Measure, a: Sequence[Samples], b: Sequence[Samples]) -> Difference:
    """Mean over ``b`` minus mean over ``a``; the samples of all are of the same resamples."""
    key = kind.key
    if not all(key in s.value for s in (*a, *b)):
        return Difference(None, unit=kind.unit, better=kind.better)
    value = number(mean(s.value[key] for s in b) - mean(s.value[key] for s in a))
    low = high = None
    if value is not None and _resampled(a[0]):
        if kind.interval == "gaps":
            reach = float(np.quantile(mean(map(_distances, a)) + mean(map(_distances, b)), LEVEL))
            reach = max(reach, mean(s.chance_reach for s in a) + mean(s.chance_reach for s in b))
            low, high = value - reach, value + reach
        else:
            ends = percentile(mean(s.resampled[key] for s in b) - mean(s.resampled[key] for s in a))
            low, high = (None, None) if ends[0] == ends[1] else (number(ends[0]), number(ends[1]))
    return Difference(value, low, high, kind.unit, kind.better)


def _distances(samples: Samples) -> Floats:
    once, totals = samples.once, samples.totals
    return gap_distances(once["gap"], float(once["n"]), totals["gap"], totals["n"])


def _resampled(samples: Samples) -> bool:
    return bool(samples.totals) and samples.groups >= FEWEST_GROUPS


def _detectable(a: Samples, b: Samples) -> float | None:
    if not _resampled(a):
        return None
    return detectable(b.resampled["accuracy"] - a.resampled["accuracy"])


def _per_class(evidence: Evidence, a: Samples, b: Samples, fixed: Array, broken: Array) -> list[ClassDifference]:
    truth, K = evidence["labels"]["truth"], len(evidence.classes)
    fixes, breaks = np.bincount(truth[fixed], minlength=K), np.bincount(truth[broken], minlength=K)
    support = a.once["support"].astype(int)
    ways = directions(group_index(evidence.groups)[0], truth, K, fixed, broken)
    p = [mcnemar(*counts) if n else None for counts, n in zip(ways, support, strict=True)]
    corrected = holm(p)
    bounds = {key: _class_interval(key, a, b) for key in ("recall", "f1")}

    def difference(key: str, k: int) -> Difference:
        value = number(b.class_value[key][k] - a.class_value[key][k])
        low, high = (None, None) if value is None else (number(end[k]) for end in bounds[key])
        return Difference(value, low, high)

    return [
        ClassDifference(
            name=name,
            n=int(support[k]),
            a=number(a.class_value["recall"][k]),
            b=number(b.class_value["recall"][k]),
            recall=difference("recall", k),
            f1=difference("f1", k),
            fixes=int(fixes[k]),
            breaks=int(breaks[k]),
            p=p[k],
            p_holm=corrected[k],
        )
        for k, name in enumerate(evidence.classes)
    ]


def _class_interval(key: str, a: Samples, b: Samples) -> tuple[Floats, Floats]:
    nothing = np.full(len(a.class_groups), np.nan)
    if not _resampled(a):
        return nothing, nothing
    low, high = percentile(b.class_resampled[key] - a.class_resampled[key])
    usable = (a.class_groups >= FEWEST_GROUPS) & (low < high)
    return np.where(usable, low, nothing), np.where(usable, high, nothing)


def _changed(first: Evidence, second: Evidence, mask: Array, *, surest: int) -> list[Changed]:
    """The items of ``mask``, those first of which the model that is wrong (0: A, 1: B) was surest."""
    sides = (first["labels"], second["labels"])
    classes = first.classes
    index = np.flatnonzero(mask)
    scored = [side.columns.get("confidence") for side in sides]
    wrong = scored[surest]
    if wrong is not None:
        index = index[np.argsort(-wrong[index], kind="stable")]
    found = []
    for i in index[:MOST_CHANGED].tolist():
        truth, a, b = (classes[k] for k in (sides[0]["truth"][i], sides[0]["predicted"][i], sides[1]["predicted"][i]))
        confidence_a, confidence_b = (None if c is None else float(c[i]) for c in scored)
        found.append(Changed(str(first.keys[i]), truth, a, b, confidence_a, confidence_b))
    return found


def setting_pairs(members: Sequence[Sequence[int]], samples: Sequence[Samples]) -> list[SettingPair]:
    """Every two settings, each with its runs (``members``), held against each other."""

    def differences(a: list[Samples], b: list[Samples]) -> dict[str, Difference]:
        return {kind.key: _difference(kind, a, b) for kind in metrics.of_task("classify") if kind.key in a[0].value}

    return by_setting.setting_pairs(members, samples, differences, "accuracy")


def _edges(result: Result) -> Literal["guo", "netcal"]:
    return "netcal" if result.protocol.get("ece", {}).get("edges") == "[lo, hi)" else "guo"
