"""All numbers of a tracker from its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.kernels.clear import IOU
from optotype.metrics.intervals import FEWEST_GROUPS, bootstrap_lanes, group_index
from optotype.metrics.tracking import ALPHAS, COUNTS, CURVES, NUMBERS, SUMS, curves, numbers
from optotype.results import ClassResult, Counts, Metric, SliceResult
from optotype.tables import Array, Floats
from optotype.tasks.measured import Measured, number
from optotype.tasks.track import intervals
from optotype.tasks.track.condition_slices import slices
from optotype.tasks.track.eventing import summary
from optotype.tasks.track.intervals import Interval
from optotype.tasks.track.protocol import protocol
from optotype.tasks.track.rules import Rules
from optotype.tasks.wording import listed, percent, plural

WORTH_SAYING = 0.05
"""Share of events without a cause from which on it is said what would explain them."""
LANES = 64
"""Resamples at a time."""

_ADDENDS = (*COUNTS, *SUMS)
_SHAPES = tuple(SUMS[name][0] if name in SUMS else () for name in _ADDENDS)
_WIDTHS = [int(np.prod(shape, dtype=int)) for shape in _SHAPES]
_COLUMNS = sum(_WIDTHS)


@dataclass(frozen=True, eq=False)
class Samples:
    """Every number of the data as they are, and of each resample of their scenes.

    ``value`` and ``resampled`` hold the numbers by key, () and (resamples,), NaN where one does not exist;
    ``class_value`` and ``class_resampled`` those of each class, (K,) and (resamples, K); ``per_scene`` (groups,) those
    of each scene alone. ``groups`` are drawn, in the sorted order of their names; ``independent``: each is one
    sequence; ``class_groups`` (K,) hold objects of the class. Samples of two evidences under one seed are paired.
    """

    groups: int
    independent: bool
    class_groups: Array
    value: Mapping[str, float]
    resampled: Mapping[str, Floats]
    class_value: Mapping[str, Floats]
    class_resampled: Mapping[str, Floats]
    per_scene: Mapping[str, Floats]

    @property
    def enough(self) -> bool:
        """Whether there are resamples, of enough scenes for intervals."""
        return bool(self.resampled) and self.groups >= FEWEST_GROUPS

    def interval(self, key: str) -> Interval:
        """Interval of a number; none where scenes are too few, nothing varies, it lies on its bound or counts."""
        if not self.enough or key not in intervals.CARRYING:
            return intervals.NONE
        return intervals.of_number(key, self.resampled[key], self.value[key], self.groups)

    def class_interval(self, key: str, k: int) -> Interval:
        """That of a number of a class whose objects lie in enough scenes."""
        if not self.enough or key not in intervals.CARRYING or self.class_groups[k] < FEWEST_GROUPS:
            return intervals.NONE
        return intervals.of_number(
            key, self.class_resampled[key][:, k], float(self.class_value[key][k]), int(self.class_groups[k])
        )


def resample(
    evidence: Evidence, *, resamples: int = 1000, seed: int = 0, threads: int = 0, rules: Rules | None = None
) -> Samples:
    """Every number of the evidence and of its bootstrap resamples: matches stay, the addends of scenes are weighed."""
    del rules  # what is judged is in the evidence
    group, groups = group_index(evidence.groups)
    K = len(evidence.classes)
    addends = _addends(evidence, group, groups)
    by_class = addends.sum(axis=0)
    flat = np.ascontiguousarray(addends.reshape(groups, -1).T)

    def statistic(weights: Floats) -> Floats:
        drawn = (flat @ weights).reshape(K, _COLUMNS, -1).transpose(2, 0, 1)
        of_all, of_classes = (numbers(_named(sums)) for sums in (drawn.sum(axis=1), drawn))
        return np.concatenate([np.stack(list(of_all.values())), *(values.T for values in of_classes.values())])

    drawn = bootstrap_lanes(statistic, groups, lanes=LANES, resamples=resamples, seed=seed, threads=threads)
    keys = [kind.key for kind in NUMBERS]
    classes = drawn[:, len(keys) :].reshape(resamples, len(keys), K) if resamples else np.empty((0, len(keys), K))
    return Samples(
        groups,
        groups == len(evidence),
        (addends[:, :, COUNTS.index("truth")] > 0).sum(axis=0),
        {key: float(value) for key, value in numbers(_named(by_class.sum(axis=0))).items()},
        {key: drawn[:, i] for i, key in enumerate(keys)} if resamples else {},
        numbers(_named(by_class)),
        {key: classes[:, i] for i, key in enumerate(keys)} if resamples else {},
        numbers(_named(addends.sum(axis=1))),
    )


def _addends(evidence: Evidence, place: Array, places: int) -> Floats:
    """Sums of all addends over the sequences at each place, (places, K, columns)."""
    rows = evidence["counts"]
    flat = np.column_stack([rows[name].reshape(len(rows), -1) for name in _ADDENDS]).astype(np.float64)
    found = np.zeros((places, len(evidence.classes), _COLUMNS))
    np.add.at(found, (place[rows.item], rows["label"]), flat)
    return found


def _named(columns: Floats) -> dict[str, Floats]:
    """The addends (…, columns) by name, each (…) or (…, 19)."""
    parts = np.split(columns, np.cumsum(_WIDTHS)[:-1], axis=-1)
    return {name: part if shape else part[..., 0] for name, shape, part in zip(_ADDENDS, _SHAPES, parts, strict=True)}


def measure(
    evidence: Evidence,
    prediction: object = None,  # noqa: ARG001 — all that is measured of tracks is in the evidence
    *,
    resamples: int = 1000,
    seed: int = 0,
    threads: int = 0,
    rules: Rules | None = None,
) -> Measured:
    """HOTA, CLEAR and Identity of all sequences, each sequence and each class, events and conditions.

    95 % intervals where there are scenes enough. ``resamples`` 0 leaves out the bootstrap. A value that does not exist
    is None and ``warnings`` says why.
    """
    if not len(evidence):
        raise InputError("evaluation", "at least one sequence", "none", "Check the truth's sequences.")
    rules = rules or Rules()
    name, known, events = rules.protocol, rules.detections is not None, summary(evidence)
    samples = resample(evidence, resamples=resamples, seed=seed, threads=threads)
    parts = slices(evidence, resamples=resamples, seed=seed, threads=threads)
    sums = {key: values.sum(axis=0) for key, values in evidence["counts"].columns.items()}
    return Measured(
        metrics={
            kind.key: _metric(kind.key, samples.value[kind.key], samples.interval(kind.key)) for kind in NUMBERS
        },
        per_class=_per_class(evidence, samples),
        slices={"sequence": _sequences(evidence), **parts},
        errors={"hota_curve": _curve(sums), "events": events, "detections_known": known},
        protocol=protocol(name, samples.independent, resamples=resamples, seed=seed),
        n=Counts(
            items=len(evidence), groups=samples.groups, truth=int(sums["truth"]), predictions=int(sums["predictions"]),
            classes=len(evidence.classes),
        ),
        warnings=[*_warnings(evidence, samples, name, resamples), *([] if known else _unexplained(events))],
    )  # fmt: skip


_KINDS = {kind.key: kind for kind in NUMBERS}


def _metric(key: str, value: float, interval: Interval = intervals.NONE) -> Metric:
    kind, known = _KINDS[key], number(value)
    return Metric(known, *(interval if known is not None else intervals.NONE), kind.unit, kind.better)


def _per_class(evidence: Evidence, samples: Samples) -> list[ClassResult]:
    rows = evidence["counts"]
    n = np.bincount(rows["label"], weights=rows["truth"], minlength=len(evidence.classes))
    return [
        ClassResult(name, int(n[k]), {
            key: _metric(key, float(values[k]), samples.class_interval(key, k))
            for key, values in samples.class_value.items()
        })
        for k, name in enumerate(evidence.classes)
    ]  # fmt: skip


def _sequences(evidence: Evidence) -> list[SliceResult]:
    sums = _addends(evidence, np.arange(len(evidence)), len(evidence)).sum(axis=1)
    found = numbers(_named(sums))
    n = sums[:, COUNTS.index("truth")]
    return [
        SliceResult(name, int(n[i]), {key: _metric(key, float(values[i])) for key, values in found.items()})
        for i, name in enumerate(evidence.keys.tolist())
    ]


def _curve(sums: Mapping[str, Array]) -> dict[str, Any]:
    found = curves(sums)
    return {"alpha": [round(alpha, 2) for alpha in ALPHAS.tolist()], **{key: found[key].tolist() for key in CURVES}}


def _warnings(evidence: Evidence, samples: Samples, name: str, resamples: int) -> list[str]:
    rows, classes = evidence["counts"], evidence.classes
    truth, said = (
        np.bincount(rows["label"], weights=rows[side], minlength=len(classes)) for side in ("truth", "predictions")
    )
    warnings = []
    if len(classes) > 1:
        if (mask := (truth == 0) & (said > 0)).any():
            warnings.append(f"{listed(classes, mask)} tracked but not in the truth: every box counts as false.")
        if (mask := (truth == 0) & (said == 0)).any():
            warnings.append(f"{listed(classes, mask)} in neither truth nor tracks: no numbers.")
        if (mask := (truth > 0) & (said == 0)).any():
            warnings.append(f"{listed(classes, mask)} never tracked: every box is missed.")
    return [*warnings, *_left_out(evidence, name), *_absent(evidence, samples), *_few(samples, resamples)]


def _unexplained(events: dict[str, Any]) -> list[str]:
    """What would explain more, where it is not known what the tracker was given and events have no cause for it."""
    share = events["all"]["unexplained"]
    if not share or share < WORTH_SAYING:
        return []
    return [
        f"{percent(share, 0)} of the events have no cause, as it is not known what the tracker was given: "
        "--detections names its detections."
    ]


def _left_out(evidence: Evidence, name: str) -> list[str]:
    """Rows that are not judged, counted aloud."""
    truth, said = evidence["truth"], evidence["predictions"]
    found = []
    if dropped := int((~said["kept"]).sum()):
        boxes = plural(dropped, "box", "boxes")
        found.append(f"{boxes} of the tracks on distractors dropped, as protocol '{name}' has it.")
    other, over = int((truth["label"] < 0).sum()), int((~truth["kept"] & (truth["label"] >= 0)).sum())
    if other:
        found.append(f"{plural(other, 'row')} of the truth of classes that '{name}' does not judge passed over.")
    if over:
        found.append(f"{plural(over, 'row')} of the truth marked as not to be judged (column 7 is 0) passed over.")
    return found


def _absent(evidence: Evidence, samples: Samples) -> list[str]:
    """Why numbers do not exist, and where one only exists by convention."""
    rows = evidence["counts"]
    truth, said = int(rows["truth"].sum()), int(rows["predictions"].sum())
    missing = ", ".join(key for key, value in samples.value.items() if np.isnan(value))
    hits = rows["HOTA_TP"].sum(axis=0)
    found = []
    if not said:
        found.append("There are no tracks: what is there is missed.")
    if not truth:
        found.append("There are no objects in the truth.")
    if missing:
        reason = f"nothing is matched{f' at IoU {IOU}' if hits[0] else ''}" if truth and said else "a side is empty"
        found.append(f"No value of {missing}: {reason}.")
    if hits[0] and not hits.all():
        least = ALPHAS[np.flatnonzero(hits == 0)[0]]
        found.append(
            f"From α {least:.2f} on nothing is matched: there AssA counts as 0 and LocA as 1, as in TrackEval."
        )
    return found


def _few(samples: Samples, resamples: int) -> list[str]:
    if not resamples or samples.groups >= FEWEST_GROUPS:
        return []
    few = f"{plural(samples.groups, 'independent scene')} {'is' if samples.groups == 1 else 'are'} too few"
    return [
        f"No intervals: {few} (at least {FEWEST_GROUPS}), and blocks of frames inside them cannot stand in, as scenes "
        "differ more than moments of one."
    ]
