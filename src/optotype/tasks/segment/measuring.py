"""All numbers of a segmentation from its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.metrics import segmentation
from optotype.metrics.intervals import FEWEST_GROUPS, bootstrap_lanes, group_index
from optotype.metrics.segmentation import SEGMENT, SEGMENT_CLASS
from optotype.results import ClassResult, Counts, Metric, SliceResult
from optotype.tables import VOID, Array, Floats
from optotype.tasks.measured import Measured, number
from optotype.tasks.segment import intervals, parts, sums
from optotype.tasks.segment.intervals import Interval
from optotype.tasks.segment.pairs import pairs
from optotype.tasks.segment.protocol import protocol
from optotype.tasks.segment.rules import VOIDS, Rules
from optotype.tasks.segment.thresholds import curves
from optotype.tasks.wording import listed, plural

LANES = 64
"""Resamples at a time."""
HISTOGRAM = 10
"""Bins of the classes' IoU."""
BACKGROUND = "background"
OF_GROUPS = ("pixel_accuracy", "miou", "fwiou", "dice")
"""What is told of each group: averages over thresholds say little of a few images."""
_RULES = Rules()


@dataclass(frozen=True, eq=False)
class Samples:
    """Every number of the data as they are, and of each resample of their groups.

    ``value`` and ``resampled`` hold the headline numbers by key, () and (resamples,), NaN where one does not exist;
    ``class_value`` and ``class_resampled`` those of each of the ``classes``, (K,) and (resamples, K); ``part_value``
    and ``part_resampled`` those of ``parts.ratios``, ``part_groups`` how many groups hold any of the part;
    ``per_group`` (groups,) are the headline numbers of each group alone. ``groups`` are drawn, in the sorted order of
    their names; ``independent``: each is one image; ``class_groups`` (K,) hold pixels of the class. Samples of two
    evidences under one seed are paired.
    """

    classes: tuple[str, ...]
    groups: int
    independent: bool
    class_groups: Array
    value: Mapping[str, float]
    resampled: Mapping[str, Floats]
    class_value: Mapping[str, Floats]
    class_resampled: Mapping[str, Floats]
    part_value: Mapping[parts.Key, float]
    part_resampled: Mapping[parts.Key, Floats]
    part_groups: Mapping[parts.Key, int]
    per_group: Mapping[str, Floats]

    @property
    def enough(self) -> bool:
        """Whether there are resamples, of enough groups for intervals."""
        return bool(self.resampled) and self.groups >= FEWEST_GROUPS

    def interval(self, key: str) -> Interval:
        """Interval of a headline number; none where groups are too few, nothing varies or it lies on its bound."""
        if not self.enough:
            return intervals.NONE
        return intervals.of_number(self.resampled[key], self.value[key], self._worth(key))

    def class_interval(self, key: str, k: int) -> Interval:
        """That of a number of a class whose pixels lie in enough groups."""
        if not self.enough or self.class_groups[k] < FEWEST_GROUPS:
            return intervals.NONE
        value, groups = float(self.class_value[key][k]), int(self.class_groups[k])
        return intervals.of_number(self.class_resampled[key][:, k], value, groups)

    def part_interval(self, key: parts.Key) -> Interval:
        """That of a share of the pixels of a part that lies in enough groups."""
        groups = self.part_groups[key]
        if not self.enough or key[2] == parts.COUNTED or groups < FEWEST_GROUPS:
            return intervals.NONE
        return intervals.of_number(self.part_resampled[key], self.part_value[key], groups)

    def difference(self, other: Samples, key: str) -> Interval:
        """Interval of a headline number of this model less that of another, on the same groups under one seed."""
        if not self.enough:
            return intervals.NONE
        samples = self.resampled[key] - other.resampled[key]
        return intervals.of_models(samples, self.value[key] - other.value[key], self._worth(key, other))

    def class_difference(self, other: Samples, key: str, k: int) -> Interval:
        """The same of a number of a class whose pixels lie in enough groups."""
        if not self.enough or self.class_groups[k] < FEWEST_GROUPS:
            return intervals.NONE
        samples = self.class_resampled[key][:, k] - other.class_resampled[key][:, k]
        value = float(self.class_value[key][k] - other.class_value[key][k])
        return intervals.of_models(samples, value, int(self.class_groups[k]))

    def _worth(self, key: str, other: Samples | None = None) -> float:
        """How many groups a headline number, or its difference from another's, is worth."""
        if key not in intervals.AVERAGES:
            return self.groups
        samples = self.class_resampled[intervals.AVERAGES[key]]
        if other is not None:
            samples = samples - other.class_resampled[intervals.AVERAGES[key]]
        return intervals.worth(samples, self.class_groups, self.groups)


def resample(
    evidence: Evidence, *, resamples: int = 1000, seed: int = 0, threads: int = 0, rules: Rules = _RULES
) -> Samples:
    """Every number of the evidence and of its bootstrap resamples: the sums of groups are weighed."""
    group, groups = group_index(evidence.groups)
    whole, near = sums.addends(evidence, rules, group, groups), parts.addends(evidence, group, groups)
    K, cut = len(whole.classes), 1 + whole.flat[0].size
    flat = np.ascontiguousarray(np.column_stack([whole.columns, near]).T)

    def statistic(weights: Floats) -> Floats:
        drawn = (flat @ weights).T
        found = sums.named(drawn[:, :cut], K)
        headline, classes = segmentation.numbers(found), segmentation.class_numbers(found)
        rows = [np.stack([*headline.values(), *parts.ratios(drawn[:, cut:]).values()])]
        return np.concatenate([*rows, *(values.T for values in classes.values())])

    drawn = bootstrap_lanes(statistic, groups, lanes=LANES, resamples=resamples, seed=seed, threads=threads)
    total, part_value = whole.total(), parts.ratios(near.sum(axis=0))
    keys = [*(measure.key for measure in SEGMENT), *part_value]
    by_key = {key: drawn[:, i] for i, key in enumerate(keys)} if resamples else {}
    by_class = drawn[:, len(keys) :].reshape(resamples, len(SEGMENT_CLASS), K) if resamples else None
    return Samples(
        whole.classes,
        groups,
        groups == len(evidence),
        (whole.each()["truth"] > 0).sum(axis=0),
        {key: float(value) for key, value in segmentation.numbers(total).items()},
        {key: values for key, values in by_key.items() if isinstance(key, str)},
        segmentation.class_numbers(total),
        {} if by_class is None else {m.key: by_class[:, i] for i, m in enumerate(SEGMENT_CLASS)},
        {key: float(value) for key, value in part_value.items()},
        {key: values for key, values in by_key.items() if isinstance(key, tuple)},
        parts.holders(near),
        segmentation.numbers(whole.each()),
    )


def measure(
    evidence: Evidence,
    prediction: object = None,  # noqa: ARG001 — all that is measured of label maps is in the evidence
    *,
    resamples: int = 1000,
    seed: int = 0,
    threads: int = 0,
    rules: Rules = _RULES,
) -> Measured:
    """Headline numbers, those of each class, of parts and of groups, beside a model that says one class everywhere.

    95 % intervals where there are groups enough. ``resamples`` 0 leaves out the bootstrap. A value that does not exist
    is None and ``warnings`` says why.
    """
    if not len(evidence):
        raise InputError("evaluation", "at least one image", "none", "Check the label maps and the split.")
    samples = resample(evidence, resamples=resamples, seed=seed, threads=threads, rules=rules)
    total = sums.addends(evidence, rules, np.zeros(len(evidence), np.int32), 1).total()
    truth, said = total["truth"] > 0, total["said"] > 0
    averaged = {"present": _names(samples, truth | said), "truth": _names(samples, truth)}
    averaged["absent"] = _names(samples, ~(truth | said))
    return Measured(
        metrics={m.key: _metric(samples.value[m.key], samples.interval(m.key)) for m in SEGMENT},
        per_class=_per_class(samples, total),
        slices=_slices(evidence, samples, rules),
        errors=_errors(evidence, samples, total, rules),
        protocol=protocol(rules, averaged, samples.independent, resamples=resamples, seed=seed),
        n=Counts(
            items=len(evidence), groups=samples.groups, truth=int(total["truth"].sum()),
            predictions=int(total["said"].sum()), classes=len(samples.classes),
        ),
        warnings=_warnings(evidence, samples, total, resamples),
    )  # fmt: skip


def _metric(value: float, interval: Interval = intervals.NONE) -> Metric:
    known = number(value)
    return Metric(known, *(interval if known is not None else intervals.NONE))


def _names(samples: Samples, mask: Array) -> list[str]:
    return [name for name, there in zip(samples.classes, mask.tolist(), strict=True) if there]


def _per_class(samples: Samples, total: Mapping[str, Array]) -> list[ClassResult]:
    return [
        ClassResult(name, int(total["truth"][k]), {
            **{m.key: _metric(samples.class_value[m.key][k], samples.class_interval(m.key, k)) for m in SEGMENT_CLASS},
            "images": Metric(int(total["truths"][k]), unit="count"),
        })
        for k, name in enumerate(samples.classes)
    ]  # fmt: skip


def _slices(evidence: Evidence, samples: Samples, rules: Rules) -> dict[str, list[SliceResult]]:
    """Components by size, pixels by nearness to a boundary, and where images come in groups, each group."""
    counted = parts.addends(evidence, np.zeros(len(evidence), np.int32), 1)[0]
    found: dict[str, list[SliceResult]] = {}
    for part in parts.parts():
        keys = {key: (part.slice, part.name, key) for key, *_ in part.ratios}
        numbers = {key: _metric(samples.part_value[at], samples.part_interval(at)) for key, at in keys.items()}
        found.setdefault(part.slice, []).append(SliceResult(part.name, int(counted[part.n]), numbers))
    if samples.groups > 1 and not samples.independent:
        group, groups = group_index(evidence.groups)
        n = sums.addends(evidence, rules, group, groups).pixels
        found["sequence"] = [
            SliceResult(name.lstrip("\x01"), int(n[i]), {key: _metric(samples.per_group[key][i]) for key in OF_GROUPS})
            for i, name in enumerate(np.unique(evidence.groups).tolist())
        ]
    return found


def _errors(evidence: Evidence, samples: Samples, total: Mapping[str, Array], rules: Rules) -> dict[str, Any]:
    images = evidence["images"]
    truth, said = images["unknown_truth"], images["unknown_said"]
    return {
        "baseline": _baseline(evidence, samples, total, rules),
        "iou_histogram": _histogram(samples.classes, total),
        "thresholds": curves(samples.classes, total, rules.thresholds),
        "void": _mious(evidence),
        "unknown": {
            "truth": int(truth.sum()),
            "said": int(said.sum()),
            "images": int((truth + said > 0).sum()),
        },
    }


def _baseline(evidence: Evidence, samples: Samples, total: Mapping[str, Array], rules: Rules) -> dict[str, Any]:
    """A model that says the background everywhere; where no class is called so, the truth's commonest."""
    named = [k for k, name in enumerate(samples.classes) if name.lower() == BACKGROUND]
    label = named[0] if named else int(total["truth"].argmax())
    said = VOID if label == len(evidence.classes) else label  # void as a class that the list has not
    found = pairs(evidence, rules.void, constant=said)
    place = np.zeros(len(evidence), np.int32)
    values = segmentation.numbers(sums.of_pairs(found, rules.thresholds, place, 1).total())
    return {"class": samples.classes[label], **{key: number(value) for key, value in values.items()}}


def _histogram(classes: tuple[str, ...], total: Mapping[str, Array]) -> dict[str, Any]:
    """The classes by their IoU in tenths, [lo, hi) and the last with 1; edges are compared in whole numbers."""
    hit = total["intersection"].astype(np.int64)
    union = (total["truth"] + total["said"]).astype(np.int64) - hit
    place = np.minimum(HISTOGRAM * hit // np.maximum(union, 1), HISTOGRAM - 1)
    inside = [[classes[k] for k in np.flatnonzero((place == b) & (union > 0))] for b in range(HISTOGRAM)]
    return {"edges": [b / HISTOGRAM for b in range(HISTOGRAM + 1)], "classes": inside}


def _mious(evidence: Evidence) -> dict[str, float | None]:
    """The mean IoU of the same pixels under every rule for void."""
    place = np.zeros(len(evidence), np.int32)
    totals = {void: sums.of_pairs(pairs(evidence, void), (), place, 1).total() for void in VOIDS}
    return {
        void: number(segmentation.miou(total["intersection"], total["truth"], total["said"]))
        for void, total in totals.items()
    }


def _warnings(evidence: Evidence, samples: Samples, total: Mapping[str, Array], resamples: int) -> list[str]:
    truth, said = total["truth"] > 0, total["said"] > 0
    cases = (
        (~truth & ~said, "in neither truth nor prediction: absent, and out of every average"),
        (~truth & said, "predicted but not in the truth: IoU 0, and no recall"),
        (truth & ~said, "never predicted: IoU 0, and no precision"),
    )
    warnings = [f"{listed(samples.classes, mask)} {what}." for mask, what in cases if mask.any()]
    for side, whose, count in (("truth", "the truth", "void"), ("said", "the predictions", "misses")):
        unknown = evidence["images"][f"unknown_{side}"]
        if n := int(unknown.sum()):
            where = plural(int((unknown > 0).sum()), "image")
            have = "has a value" if n == 1 else "have values"
            warnings.append(f"{plural(n, 'pixel')} of {whose} in {where} {have} that no class has: counted as {count}.")
    if resamples and samples.groups < FEWEST_GROUPS:
        few = f"{plural(samples.groups, 'group')} {'is' if samples.groups == 1 else 'are'} too few"
        blocks = (
            ""
            if samples.independent
            else " --group blocks:N makes groups of N consecutive frames: their intervals are about these sequences, "
            "not about others."
        )
        warnings.append(f"No intervals: {few} (at least {FEWEST_GROUPS}).{blocks}")
    return warnings
