"""Recall, identity switches and association in the parts of the objects that conditions make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec
import numpy as np

from optotype.evidence import Evidence
from optotype.metrics.intervals import FEWEST_GROUPS, bootstrap, group_index
from optotype.results import Metric, SliceResult
from optotype.tables import Array, Floats
from optotype.tasks.track import moving
from optotype.tasks.track.chains import Chains
from optotype.tasks.track.surroundings import Surroundings

BINS = 5
FEWEST = 100
"""Objects in a part; fewer parts are made where it would hold fewer."""


@dataclass(frozen=True)
class Axis:
    """A condition and its unit; a share is shown in per cent."""

    unit: str
    measure: Callable[[Surroundings], Floats]


AXES: dict[str, Axis] = {
    "density": Axis("boxes", Surroundings.density),
    "occlusion": Axis("%", lambda around: 100 * around.occlusion()),
    "speed": Axis("heights a frame", Surroundings.speed),
    "size": Axis("px", Surroundings.size),
    "camera": Axis("px a frame", Surroundings.camera),
}
"""Condition → what it measures of each object in each frame."""


def slices(
    evidence: Evidence, *, resamples: int = 1000, seed: int = 0, threads: int = 0
) -> dict[str, list[SliceResult]]:
    """Parts of about equal size by each of ``AXES``, in the order of the values; none where all are alike.

    ``n`` is the number of the objects' boxes. Metrics: ``recall``, the share matched at IoU 0.5; ``switches`` of the
    identity per 1,000 matched boxes; ``association``, the mean A(c) of HOTA at α = 0.5 over the boxes that it matches.
    Intervals are percentiles of the bootstrap by scenes; none under 20 scenes.
    """
    truth = evidence["truth"]
    rows = np.flatnonzero(truth["kept"])
    around = surroundings(evidence, rows)
    sums = _sums(evidence, rows)
    group, groups = group_index(evidence.groups)
    drawn = resamples if groups >= FEWEST_GROUPS else 0
    found = {}
    for name, axis in AXES.items():
        values = axis.measure(around)
        edges = _edges(values)
        if len(edges) < 2:
            continue
        code = np.searchsorted(edges[1:-1], values, side="right")
        code[~np.isfinite(values)] = len(edges) - 1
        totals = _totals(sums, code, len(edges), group[truth.item[rows]], groups)[:, :-1]
        samples = bootstrap(partial(_resampled, totals), groups, resamples=drawn, seed=seed, threads=threads)
        found[name] = _results(edges, axis.unit, totals.sum(axis=0), samples)
    return found


def surroundings(evidence: Evidence, rows: Array) -> Surroundings:
    """What goes on around the objects at ``rows`` of the truth."""
    truth = evidence["truth"]
    image = moving.frame_starts(evidence)[truth.item[rows]] + truth["frame"][rows] - 1
    id_, label, box, visibility = (truth[name][rows] for name in ("id", "label", "box", "visibility"))
    return Surroundings(truth.item[rows], image, id_, label, box, visibility, moving.of_camera(evidence))


def _sums(evidence: Evidence, rows: Array) -> Floats:
    """Of each object: 1, matched, switched, matched by HOTA, A(c), (n, 5)."""
    truth, said = evidence["truth"], evidence["predictions"]
    match = np.where(truth["match"] >= 0, said.starts(len(evidence))[truth.item] + truth["match"], -1)
    chains = Chains.of(truth)
    matched = chains.order[match[chains.order] >= 0]
    before = chains.before(matched)
    track = np.where(match >= 0, said["id"][match] if len(said) else -1, -1)
    switched = np.zeros(len(truth), bool)
    switched[matched] = (before >= 0) & (track[matched] != track[before])
    tied = truth["association"]
    whole = [np.ones(len(truth)), match >= 0, switched, np.isfinite(tied), np.nan_to_num(tied)]
    return np.column_stack([column[rows].astype(np.float64) for column in whole])


def _edges(values: Floats) -> Floats:
    """Least value, inner edges that occur, largest value; fewer than two parts where too many are alike."""
    known = np.sort(values[np.isfinite(values)])
    bins = min(BINS, len(known) // FEWEST)
    if bins < 2 or known[0] == known[-1]:
        return np.zeros(0)
    inner = np.unique(np.quantile(known, np.arange(1, bins) / bins, method="inverted_cdf"))
    inner = inner[inner > known[0]]
    return np.concatenate([known[:1], inner if len(inner) else known[known > known[0]][:1], known[-1:]])


def _totals(sums: Floats, code: Array, parts: int, group: Array, groups: int) -> Floats:
    """The sums by group and part, (groups, parts, 5)."""
    place = group * parts + code
    whole = [np.bincount(place, column, groups * parts).reshape(groups, parts) for column in sums.T]
    return np.stack(whole, axis=2)


def _metrics(totals: Floats) -> Floats:
    """Recall, switches per 1,000 and association of sums (parts, 5), (parts, 3)."""
    n, matched, switched, tied, association = totals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.column_stack([matched / n, 1000 * switched / matched, association / tied])


def _resampled(totals: Floats, weights: Array) -> Floats:
    return _metrics(np.tensordot(weights, totals, 1)).ravel()


def _results(edges: Floats, unit: str, totals: Floats, samples: Floats) -> list[SliceResult]:
    values = _metrics(totals)
    ends = np.full((2, *values.shape), np.nan)
    if len(samples):
        known = np.isfinite(samples).all(axis=0)
        ends.reshape(2, -1)[:, known] = np.quantile(samples[:, known], (0.025, 0.975), axis=0)
    last = len(edges) - 2
    made = []
    for i, row in enumerate(values):
        low, high = (_shown(edge, unit) for edge in edges[i : i + 2])
        name = f"below {high}" if i == 0 else f"{low} or more" if i == last else f"{edges[i]:.3g} to below {high}"
        recall, switches, association = (
            Metric(_number(row[j]), _number(ends[0, i, j]), _number(ends[1, i, j])) for j in range(3)
        )
        switches = msgspec.structs.replace(switches, unit="count", better="lower")
        metrics = {"recall": recall, "switches": switches, "association": association}
        made.append(SliceResult(name, int(totals[i, 0]), metrics))
    return made


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _shown(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}"
