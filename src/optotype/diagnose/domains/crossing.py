"""One model on two data sets: what it loses from the first to the second, class by class and confusion by confusion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from optotype.class_maps import ClassMap, by_name
from optotype.diagnose.compare.records import Difference
from optotype.diagnose.domains import numbers
from optotype.diagnose.domains.counting import Pixels, count
from optotype.diagnose.domains.records import ClassShift, Confusion, Crossing, Mix, Shift, Side, Unmapped
from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.metrics.intervals import ANY, FEWEST_GROUPS, SHARE, Bounds
from optotype.metrics.intervals import corrected as corrected_interval
from optotype.metrics.significance import holm, normal_p
from optotype.results import Metric, Result
from optotype.tables import Array, Floats
from optotype.tasks.measured import number
from optotype.tasks.wording import quoted

MOST_CONFUSIONS = 200
"""Kept of those that change, the greatest changes first."""
_LEAST_SHARE = 0.01
"""A confusion that takes less of a class on both sides is not looked at."""

Pair = tuple[Floats, Floats]


def cross(
    results: Sequence[Result],
    evidences: Sequence[Evidence],
    names: Sequence[str],
    *,
    classes: ClassMap | None = None,
    resamples: int = 1000,
    seed: int = 0,
    threads: int = 0,
) -> Crossing:
    """Hold what a model does on the second data set against what it does on the first.

    Both sides' classes are mapped by name onto those of ``classes``, else onto the names that both have. Truth that is
    void or has no joint class is left out; a prediction that has none is a miss. The two bootstraps are independent
    of each other, each over its side's groups. Raises InputError for two tasks, and where no class is on both sides.
    """
    if any(evidence.task != "segment" for evidence in evidences):
        got = " and ".join(quoted(evidence.task) for evidence in evidences)
        raise InputError("two data sets", "two evaluations of the task ‘segment’", got, "Name two segmentations.")
    lists = [evidence.classes for evidence in evidences]
    joint = by_name(*lists) if classes is None else classes.used(*lists)
    sides = [count(evidence, joint) for evidence in evidences] if joint.classes else []
    compared = np.array([bool(all(side.class_groups[k] for side in sides)) for k in range(len(joint.classes))])
    if not compared.any():
        raise InputError(
            "two data sets", "a class with truth on both sides",
            " and ".join(f"{', '.join(evidence.classes[:5])} …" for evidence in evidences),
            "Say which class is which with --map-classes.",
        )  # fmt: skip
    enough = bool(resamples) and all(side.groups >= FEWEST_GROUPS for side in sides)
    drawn = None
    if enough:
        first, second = (
            side.drawn(resamples=resamples, seed=(seed + i) % 2**64, threads=threads) for i, side in enumerate(sides)
        )
        drawn = first, second
    judge = _Judge((sides[0].matrix, sides[1].matrix), drawn)
    warnings = _warnings(results, sides, names, joint, compared, resamples)
    return Crossing(
        task="segment",
        classes=list(joint.classes),
        compared=[name for name, both in zip(joint.classes, compared, strict=True) if both],
        sides=(_side(0, results, evidences, names, joint, sides), _side(1, results, evidences, names, joint, sides)),
        counts=(_whole(sides[0].matrix), _whole(sides[1].matrix)),
        metrics={
            "miou": judge.one(lambda m: numbers.mean(numbers.iou(m), compared)),
            "pixel_accuracy": judge.one(numbers.pixel_accuracy),
            "mean_accuracy": judge.one(lambda m: numbers.mean(numbers.recall(m), compared)),
        },
        mix=judge.mix(),
        per_class=_per_class(judge, joint.classes, sides),
        confusions=_confusions(judge, joint.classes, sides),
        resamples=resamples,
        seed=seed,
        protocol={
            "void": "truth-dropped",
            "classes": "by a map of names" if classes else "by name",
            "means": f"over the {int(compared.sum())} classes with truth on both sides",
            "intervals": "95 %, from two independent bootstraps over groups, as those of each evaluation",
        },
        warnings=warnings,
    )


class _Judge:
    """Turns functions of a matrix into numbers of both sides, with intervals where there are resamples."""

    def __init__(self, matrices: Pair, drawn: Pair | None) -> None:
        self.matrices, self.drawn = matrices, drawn

    def one(self, function: Callable[[Floats], Floats]) -> Shift:
        """A number of the whole matrix."""
        return self.each(lambda matrix: function(matrix)[..., None], np.ones(1, bool))[0]

    def each(self, function: Callable[[Floats], Floats], valid: Array) -> list[Shift]:
        """Numbers (…, m) of the matrix; only those of ``valid`` (m,) get an interval."""
        value = [function(matrix) for matrix in self.matrices]
        samples = [function(drawn) for drawn in self.drawn] if self.drawn else None
        metrics = [_metrics(value[i], None if samples is None else samples[i], valid) for i in (0, 1)]
        differences = _differences(value[1] - value[0], None if samples is None else samples[1] - samples[0], valid)
        return [Shift(a, b, d) for a, b, d in zip(*metrics, differences, strict=True)]

    def mix(self) -> Mix:
        """The parts of the change of pixel accuracy."""
        value = np.stack(numbers.parts(*self.matrices))
        samples = np.stack(numbers.parts(*self.drawn), axis=-1) if self.drawn else None
        return Mix(*_differences(value, samples, np.ones(2, bool)))


def _metrics(value: Floats, samples: Floats | None, valid: Array) -> list[Metric]:
    low, high = _ends(value, samples, valid, SHARE)
    return [Metric(number(v), number(a), number(b)) for v, a, b in zip(value, low, high, strict=True)]


def _differences(value: Floats, samples: Floats | None, valid: Array) -> list[Difference]:
    low, high = _ends(value, samples, valid, ANY)
    p = [
        normal_p(float(value[i]), samples[:, i]) if samples is not None and np.isfinite(low[i]) else None
        for i in range(len(value))
    ]
    return [
        Difference(number(v), number(a), number(b), p=one, p_holm=corrected)
        for v, a, b, one, corrected in zip(value, low, high, p, holm(p), strict=True)
    ]


def _ends(value: Floats, samples: Floats | None, valid: Array, bounds: Bounds) -> Pair:
    """Ends of the intervals of segmentation (``tasks.segment.intervals``), NaN where there is none."""
    if samples is None:
        return np.full(len(value), np.nan), np.full(len(value), np.nan)
    low, high = corrected_interval(samples, value, bounds)
    return np.where(valid, low, np.nan), np.where(valid, high, np.nan)


def _often(sides: Sequence[Pixels]) -> Array:
    """Which classes (K,) lie in enough groups of both sides for an interval."""
    found: Array = np.minimum(sides[0].class_groups, sides[1].class_groups) >= FEWEST_GROUPS
    return found


def _per_class(judge: _Judge, classes: Sequence[str], sides: Sequence[Pixels]) -> list[ClassShift]:
    often = _often(sides)
    columns = [judge.each(function, often) for function in (numbers.iou, numbers.recall, numbers.precision)]
    shares = [numbers.shares(matrix) for matrix in judge.matrices]
    rows = [
        ClassShift(name, number(shares[0][k]), number(shares[1][k]), *(column[k] for column in columns))
        for k, name in enumerate(classes)
    ]
    return sorted(rows, key=lambda row: np.inf if row.iou.difference.value is None else row.iou.difference.value)


def _confusions(judge: _Judge, classes: Sequence[str], sides: Sequence[Pixels]) -> list[Confusion]:
    """What classes are taken for on one side more than on the other, by how much."""
    K, often = len(classes), _often(sides)
    shares = [numbers.confusions(matrix) for matrix in judge.matrices]
    with np.errstate(invalid="ignore"):
        looked = np.isfinite(shares[0]) & np.isfinite(shares[1]) & (np.fmax(*shares) >= _LEAST_SHARE)
    looked[np.arange(K), np.arange(K)] = False
    truth, said = np.nonzero(looked)
    found = judge.each(lambda matrix: numbers.confusions(matrix)[..., truth, said], often[truth])
    named = [*classes, None]
    rows = [
        Confusion(classes[t], named[s], shift.first.value or 0.0, shift.second.value or 0.0, shift.difference)
        for t, s, shift in zip(truth.tolist(), said.tolist(), found, strict=True)
    ]
    rows.sort(key=lambda row: -abs(row.difference.value or 0.0))
    return rows[:MOST_CONFUSIONS]


def _side(
    i: int,
    results: Sequence[Result],
    evidences: Sequence[Evidence],
    names: Sequence[str],
    joint: ClassMap,
    sides: Sequence[Pixels],
) -> Side:
    pixels, own = sides[i], evidences[i].classes
    index, all_pixels = joint.index(own), float(pixels.by_class.sum())
    sources: dict[str, list[str]] = {name: [] for name in joint.classes}
    for name, k in zip(own, index, strict=True):
        if k >= 0:
            sources[joint.classes[k]].append(name)
    unmapped = [
        Unmapped(own[k], float(pixels.by_class[k]) / all_pixels if all_pixels else 0.0)
        for k in np.argsort(-pixels.by_class, kind="stable").tolist()
        if index[k] < 0
    ]
    inside = float(pixels.matrix.sum())
    return Side(
        names[i], results[i].n, sources, unmapped,
        coverage=inside / all_pixels if all_pixels else None,
        elsewhere=float(pixels.matrix[:, -1].sum()) / inside if inside else None,
    )  # fmt: skip


def _whole(matrix: Floats) -> list[list[int]]:
    found: list[list[int]] = matrix.astype(np.int64).tolist()
    return found


def _warnings(
    results: Sequence[Result],
    sides: Sequence[Pixels],
    names: Sequence[str],
    joint: ClassMap,
    compared: Array,
    resamples: int,
) -> list[str]:
    said = []
    for side, name in zip(sides, names, strict=True):
        if resamples and side.groups < FEWEST_GROUPS:
            few = "1 independent group is" if side.groups == 1 else f"{side.groups} independent groups are"
            said.append(f"No intervals: on {quoted(name)} {few} too few (at least {FEWEST_GROUPS}).")
        lacking = [joint.classes[k] for k in np.flatnonzero(~compared) if not side.class_groups[k]]
        if lacking:
            verb = "have" if len(lacking) > 1 else "has"
            said.append(f"{', '.join(map(quoted, lacking))} {verb} no truth on {quoted(name)} and no part in means.")
    rules = {str(result.protocol.get("void", "truth-dropped")) for result in results}
    if rules - {"truth-dropped"}:
        said.append(
            f"Void truth is left out here; the evaluations follow the rule {', '.join(sorted(rules))}, so that their "
            "own numbers differ."
        )
    return said
