"""Segmentations against each other: differences of their numbers over groups, and which components one of them gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from optotype.diagnose.compare import by_setting
from optotype.diagnose.compare.by_class import class_differences
from optotype.diagnose.compare.by_setting import mean
from optotype.diagnose.compare.painting import changed_frames
from optotype.diagnose.compare.records import (
    ClassDifference,
    Difference,
    GroupDifference,
    Painted,
    Pair,
    SettingPair,
)
from optotype.diagnose.compare.significance import detectable, directions, mcnemar
from optotype.diagnose.compare.swapping import MOST_SCENES, least_p, swaps
from optotype.evidence import Evidence
from optotype.metrics import segmentation
from optotype.metrics.intervals import FEWEST_GROUPS, group_index, stretch
from optotype.metrics.segmentation import SEGMENT
from optotype.metrics.significance import normal_p
from optotype.results import Result
from optotype.tables import Array, Floats
from optotype.tasks import segment
from optotype.tasks.measured import number
from optotype.tasks.segment import Samples, intervals, sums
from optotype.tasks.segment.cells import cells
from optotype.tasks.segment.recalling import rules_of
from optotype.tasks.segment.rules import Rules

Known: TypeAlias = tuple[Result, Evidence, Samples]
Tests: TypeAlias = Literal["swaps", "bootstrap", "none"]


@dataclass(frozen=True, eq=False)
class Exact:
    """p-values of exchanging two models within groups in every way: of every headline number, and of each IoU (K,)."""

    number: dict[str, float]
    iou: Floats


def resample(result: Result, evidence: Evidence, *, resamples: int, seed: int, threads: int) -> Samples:
    """The numbers and their resamples, under the protocol of the result."""
    rules = rules_of(result.protocol)
    return segment.resample(evidence, resamples=resamples, seed=seed, threads=threads, rules=rules)


def pair(one: Known, other: Known, names: tuple[str, str], *, same_setting: bool) -> Pair:
    """The second model held against the first.

    A component of the truth is fixed when the second has at least half of its pixels right and the first has not. Where
    there are too few groups to be resampled, p-values come from exchanging the two within groups in every way.
    """
    (told, first, a), (_, second, b) = one, other
    finds = found(first), found(second)
    fixed, broken = ~finds[0] & finds[1], finds[0] & ~finds[1]
    rows = first["components"]
    group, _ = group_index(first.groups)
    ways = directions(group[rows.item], np.zeros(len(rows), np.int64), 1, fixed, broken)
    tests: Tests = "bootstrap" if a.enough else "swaps" if 1 < a.groups <= MOST_SCENES else "none"
    rules = rules_of(told.protocol)
    exact = _exact((first, second), rules) if tests == "swaps" else None
    return Pair(
        a=names[0],
        b=names[1],
        metrics={measure.key: _difference(measure.key, [a], [b], exact) for measure in SEGMENT},
        fixes=int(fixed.sum()),
        breaks=int(broken.sum()),
        both_right=int((finds[0] & finds[1]).sum()),
        both_wrong=int((~finds[0] & ~finds[1]).sum()),
        mcnemar_p=mcnemar(*ways[0]),
        detectable=detectable(b.resampled["miou"] - a.resampled["miou"]) if a.enough else None,
        per_class=_per_class((told, first, a), b, (fixed, broken), exact),
        fixed=[],
        broken=[],
        same_setting=same_setting,
        frames=changed_frames(first, second, names, fixed, broken),
        painted=_painted((first, second), (a, b), (fixed, broken), rules, tests),
    )


def found(evidence: Evidence) -> Array:
    """Which components (m,) have at least half of their pixels right."""
    rows = evidence["components"]
    return np.asarray(2 * rows["right"] >= rows["area"])


def _difference(key: str, a: Sequence[Samples], b: Sequence[Samples], exact: Exact | None = None) -> Difference:
    """Mean over ``b`` less mean over ``a``, of a headline number; the samples of all are of the same resamples."""
    value = number(mean([s.value[key] for s in b]) - mean([s.value[key] for s in a]))
    plain = Difference(value)
    if value is None or exact is not None:
        return plain if exact is None else msgspec.structs.replace(plain, p=number(exact.number[key]))
    if not a[0].enough:
        return plain
    drawn = mean([s.resampled[key] for s in b]) - mean([s.resampled[key] for s in a])
    return _drawn(plain, drawn, _worth(key, a, b))


def _worth(key: str, a: Sequence[Samples], b: Sequence[Samples]) -> float:
    """How many groups a difference is worth: one of averages over classes no more than its rare classes are."""
    if key not in intervals.AVERAGES:
        return a[0].groups
    of = intervals.AVERAGES[key]
    drawn = mean([s.class_resampled[of] for s in b]) - mean([s.class_resampled[of] for s in a])
    return intervals.worth(drawn, a[0].class_groups, a[0].groups)


def _drawn(difference: Difference, samples: Floats, groups: float) -> Difference:
    """A difference with the interval and p that its resamples (R,), worth so many groups, give."""
    if difference.value is None:
        return difference
    low, high = intervals.of_models(samples, difference.value, groups)
    p = None if low is None else normal_p(difference.value, stretch(groups) * samples)
    return msgspec.structs.replace(difference, low=low, high=high, p=p)


def _exact(sides: tuple[Evidence, Evidence], rules: Rules) -> Exact:
    group, groups = group_index(sides[0].groups)
    one, other = (sums.addends(evidence, rules, group, groups) for evidence in sides)
    K = len(one.classes)

    def numbers(columns: Floats) -> Floats:
        named = sums.named(columns, K)
        headline = np.stack(list(segmentation.numbers(named).values()), axis=-1)
        return np.concatenate([headline, segmentation.class_numbers(named)["iou"]], axis=-1)

    p = swaps(one.columns, other.columns, numbers)
    keys = [measure.key for measure in SEGMENT]
    return Exact(dict(zip(keys, p[: len(keys)].tolist(), strict=True)), p[len(keys) :])


def _per_class(one: Known, b: Samples, changes: tuple[Array, Array], exact: Exact | None) -> list[ClassDifference]:
    """Each class by its IoU; ``n`` are components of the truth."""
    _, evidence, a = one
    label = evidence["components"]["label"]
    return class_differences(
        "iou",
        a.classes,
        (a.class_value["iou"], b.class_value["iou"]),
        [_class_difference(a, b, k, exact) for k in range(len(a.classes))],
        label=label,
        counted=np.ones(len(label), bool),
        changes=changes,
    )


def _class_difference(a: Samples, b: Samples, k: int, exact: Exact | None) -> Difference:
    plain = Difference(number(b.class_value["iou"][k] - a.class_value["iou"][k]))
    if plain.value is None:
        return plain
    if exact is not None:
        return msgspec.structs.replace(plain, p=number(exact.iou[k]))
    if not a.enough or a.class_groups[k] < FEWEST_GROUPS:
        return plain
    drawn = b.class_resampled["iou"][:, k] - a.class_resampled["iou"][:, k]
    return _drawn(plain, drawn, float(a.class_groups[k]))


def _painted(
    sides: tuple[Evidence, Evidence],
    samples: tuple[Samples, Samples],
    changes: tuple[Array, Array],
    rules: Rules,
    tests: Tests,
) -> Painted:
    first = sides[0]
    group, n = group_index(first.groups)
    fixes, breaks = (np.bincount(group[first["components"].item[mask]], minlength=n) for mask in changes)
    a, b = (side.per_group["miou"] for side in samples)
    rows = [] if samples[0].independent else np.unique(first.groups).tolist()
    gain = _gains(sides, rules)
    return Painted(
        tests=tests,
        least_p=least_p(n) if tests == "swaps" else None,
        groups=[
            GroupDifference(name, number(a[i]), number(b[i]), int(fixes[i]), int(breaks[i]))
            for i, name in enumerate(rows)
        ],
        higher=int((gain > 0).sum()),
        lower=int((gain < 0).sum()),
        alike=int((gain == 0).sum()),
    )


def _gains(sides: tuple[Evidence, Evidence], rules: Rules) -> Floats:
    """IoU with the second less that with the first, of each (image, class) that occurs in the truth."""
    ious = []
    for evidence in sides:
        one = cells(evidence, rules)
        table = np.full((len(evidence), int(max(one.label.max(initial=0) + 1, len(evidence.classes) + 1))), np.nan)
        kept = one.truth > 0
        table[one.item[kept], one.label[kept]] = one.iou[kept]
        ious.append(table)
    gain = ious[1] - ious[0]
    return np.asarray(gain[np.isfinite(gain)])


def setting_pairs(members: Sequence[Sequence[int]], samples: Sequence[Samples]) -> list[SettingPair]:
    """Every two settings, each with its runs (``members``), held against each other."""

    def differences(a: list[Samples], b: list[Samples]) -> dict[str, Difference]:
        return {measure.key: _difference(measure.key, a, b) for measure in SEGMENT}

    return by_setting.setting_pairs(members, samples, differences, "miou")
