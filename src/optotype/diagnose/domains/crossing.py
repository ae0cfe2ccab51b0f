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
from optotype.metrics.intervals import FEWEST_GROUPS, stretch
from optotype.metrics.significance import holm, normal_p
from optotype.results import Metric, Result
from optotype.tables import Array, Floats
from optotype.tasks.measured import number
from optotype.tasks.segment import intervals
from optotype.tasks.segment.intervals import worth
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
    judge = _Judge(sides, drawn)
    warnings = _warnings(results, sides, names, joint, compared, resamples)
    return Crossing(
        task="segment",
        classes=list(joint.classes),
        compared=[name for name, both in zip(joint.classes, compared, strict=True) if both],
        sides=(_side(0, results, evidences, names, joint, sides), _side(1, results, evidences, names, joint, sides)),
        counts=(_whole(sides[0].matrix), _whole(sides[1].matrix)),
        metrics={
            "miou": judge.average(numbers.iou, compared),
            "pixel_accuracy": judge.whole(numbers.pixel_accuracy),
            "mean_accuracy": judge.average(numbers.recall, compared),
        },
        mix=judge.mix(),
        per_class=_per_class(judge, joint.classes),
        confusions=_confusions(judge, joint.classes),
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

    def __init__(self, sides: Sequence[Pixels], drawn: Pair | None) -> None:
        self.sides, self.drawn = sides, drawn
        self.matrices: Pair = (sides[0].matrix, sides[1].matrix)

    def whole(self, function: Callable[[Floats], Floats]) -> Shift:
        """A number of all pixels."""
        return self._shifts(
            lambda matrix: function(matrix)[..., None], [np.array([side.groups]) for side in self.sides]
        )[0]

    def average(self, function: Callable[[Floats], Floats], classes: Array) -> Shift:
        """The mean of a number of the ``classes`` (K,) bool, which rare ones make as unsure as they are."""
        worths = [np.array([side.groups]) for side in self.sides]
        if self.drawn:
            worths = [
                np.array([worth(function(drawn)[:, classes], side.class_groups[classes], side.groups)])
                for side, drawn in zip(self.sides, self.drawn, strict=True)
            ]
        return self._shifts(lambda matrix: numbers.mean(function(matrix), classes)[..., None], worths)[0]

    def by_class(self, function: Callable[[Floats], Floats], label: Array) -> list[Shift]:
        """Numbers (…, m) of the classes ``label`` (m,); of those in few groups without an interval."""
        often = np.minimum(self.sides[0].class_groups, self.sides[1].class_groups) >= FEWEST_GROUPS
        worths = [np.where(often, side.class_groups, 0)[label] for side in self.sides]
        return self._shifts(function, worths)

    def mix(self) -> Mix:
        """The parts of the change of pixel accuracy."""
        value = np.stack(numbers.parts(*self.matrices))
        samples = np.stack(numbers.parts(*self.drawn), axis=-1) if self.drawn else None
        groups = float(min(side.groups for side in self.sides))
        return Mix(*_differences(value, samples, np.full(2, groups)))

    def _shifts(self, function: Callable[[Floats], Floats], worths: Sequence[Array]) -> list[Shift]:
        """``worths``: how many groups each of the m numbers is worth on either side."""
        value = [function(matrix) for matrix in self.matrices]
        samples = [function(drawn) for drawn in self.drawn] if self.drawn else None
        metrics = [_metrics(value[i], None if samples is None else samples[i], worths[i]) for i in (0, 1)]
        together = np.zeros(len(worths[0]))
        if samples is not None:
            for k, groups in enumerate(np.stack(worths, axis=1)):
                if groups.min() > 0:  # independent variances add up, and so do their degrees of freedom (Welch 1947)
                    together[k] = worth(np.stack([side[:, k] for side in samples], axis=1), groups, int(groups.sum()))
        drawn = None if samples is None else samples[1] - samples[0]
        differences = _differences(value[1] - value[0], drawn, together)
        return [Shift(a, b, d) for a, b, d in zip(*metrics, differences, strict=True)]


def _metrics(value: Floats, samples: Floats | None, worths: Array) -> list[Metric]:
    found = [
        intervals.NONE if samples is None else intervals.of_number(samples[:, k], float(value[k]), float(worths[k]))
        for k in range(len(value))
    ]
    return [Metric(number(v), *ends) for v, ends in zip(value, found, strict=True)]


def _differences(value: Floats, samples: Floats | None, worths: Array) -> list[Difference]:
    found = [
        intervals.NONE if samples is None else intervals.of_models(samples[:, k], float(value[k]), float(worths[k]))
        for k in range(len(value))
    ]
    p = [
        None if samples is None or low is None
        else normal_p(float(value[k]), samples[:, k] * stretch(float(worths[k])))
        for k, (low, _) in enumerate(found)
    ]  # fmt: skip
    return [
        Difference(number(v), *ends, p=one, p_holm=corrected)
        for v, ends, one, corrected in zip(value, found, p, holm(p), strict=True)
    ]


def _per_class(judge: _Judge, classes: Sequence[str]) -> list[ClassShift]:
    every = np.arange(len(classes))
    columns = [judge.by_class(function, every) for function in (numbers.iou, numbers.recall, numbers.precision)]
    shares = [numbers.shares(matrix) for matrix in judge.matrices]
    rows = [
        ClassShift(name, number(shares[0][k]), number(shares[1][k]), *(column[k] for column in columns))
        for k, name in enumerate(classes)
    ]
    return sorted(rows, key=lambda row: np.inf if row.iou.difference.value is None else row.iou.difference.value)


def _confusions(judge: _Judge, classes: Sequence[str]) -> list[Confusion]:
    """What classes are taken for on one side more than on the other, by how much."""
    K = len(classes)
    shares = [numbers.confusions(matrix) for matrix in judge.matrices]
    with np.errstate(invalid="ignore"):
        looked = np.isfinite(shares[0]) & np.isfinite(shares[1]) & (np.fmax(*shares) >= _LEAST_SHARE)
    looked[np.arange(K), np.arange(K)] = False
    truth, said = np.nonzero(looked)
    found = judge.by_class(lambda matrix: numbers.confusions(matrix)[..., truth, said], truth)
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
            few = "1 group is" if side.groups == 1 else f"{side.groups} groups are"
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
