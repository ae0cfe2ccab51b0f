"""How the IoU of (image, class) cells goes with the conditions of their components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from optotype.diagnose.causes.binning import bin_numbers
from optotype.diagnose.causes.looking import unit_of
from optotype.diagnose.causes.outcomes import Outcomes
from optotype.diagnose.causes.records import Band, Relation, Spread, Taken
from optotype.diagnose.conditions import Conditions, name
from optotype.evidence import Evidence
from optotype.metrics.intervals import FEWEST_GROUPS, bootstrap_lanes, group_index, percentile
from optotype.metrics.ratios import divide
from optotype.metrics.significance import holm, normal_p
from optotype.tables import Array, Floats

FEWEST_CELLS = 40
FEWEST_OF_A_CLASS = 10
"""Cells of a class from which on ranks inside it say something."""
_LANES = 128


@dataclass(frozen=True, eq=False)
class CellRows:
    """Cells with components: IoU and class, (c,), the group of each and how many groups there are, and the mean of
    every condition over the pixels of a cell's components, NaN where it does not exist.
    """

    iou: Floats
    label: Array
    group: Array
    groups: int
    values: Mapping[str, Floats]


def cell_rows(evidence: Evidence, conditions: Conditions, protocol: Mapping[str, Any]) -> CellRows:
    """The cells of a segmentation under the rules of ``protocol``; those without a component are left out."""
    # The package brings its kernels, which only those who need them should wait for.
    from optotype.tasks.segment.cells import cells
    from optotype.tasks.segment.recalling import rules_of

    found, rows = cells(evidence, rules_of(protocol)), evidence["components"]
    width = max(len(evidence.classes), int(found.label.max(initial=0)) + 1)
    cell = found.item.astype(np.int64) * width + found.label
    wanted = rows.item.astype(np.int64) * width + rows["label"]
    place = np.minimum(np.searchsorted(cell, wanted), max(len(cell) - 1, 0))
    judged = cell[place] == wanted if len(cell) else np.zeros(len(wanted), bool)  # all of one may be said to be void
    pixels = rows["area"].astype(np.float64)
    there = np.bincount(place[judged], minlength=len(cell)) > 0
    values = {}
    for key, column in conditions.values.items():
        known = judged & np.isfinite(column)
        weighted, n = (
            np.bincount(place[known], weights=weight, minlength=len(cell))
            for weight in (pixels[known] * column[known], pixels[known])
        )
        values[key] = divide(weighted, n)[there]
    group, groups = group_index(evidence.groups)
    return CellRows(found.iou[there], found.label[there], group[found.item[there]], groups, values)


def relations(rows: CellRows, *, resamples: int, seed: int) -> list[Relation]:
    """One relation for every condition with values that differ, the strongest inside classes first.

    Intervals and p-values are from a bootstrap of groups, with the ranks of the data as they are; none where groups are
    too few.
    """
    if len(rows.iou) < FEWEST_CELLS:
        return []
    found = [r for key in rows.values if (r := _relation(key, rows, resamples, seed)) is not None]
    corrected = holm([r.p for r in found])
    found = [msgspec.structs.replace(r, p_holm=p) for r, p in zip(found, corrected, strict=True)]
    return sorted(found, key=lambda r: -abs(r.within.value if r.within else 0.0))


def _relation(key: str, rows: CellRows, resamples: int, seed: int) -> Relation | None:
    values = rows.values[key]
    there = np.isfinite(values)
    parts = bin_numbers(values, unit_of(key))
    if parts is None or there.sum() < FEWEST_CELLS:
        return None
    x, y, label = values[there], rows.iou[there], rows.label[there]
    a, b = ranks(x), ranks(y)
    inner = [np.zeros(len(x)), np.zeros(len(x))]
    often = np.flatnonzero(np.bincount(label) >= FEWEST_OF_A_CLASS)
    for k in often.tolist():
        mine = label == k
        for side, of in zip(inner, (x, y), strict=True):
            side[mine] = ranks(of[mine])
    code = parts.code[there]
    in_part = code[:, None] == np.arange(len(parts))
    columns = np.column_stack([*_products(a, b), *_products(*inner), in_part, in_part * y[:, None]])
    sums = np.zeros((rows.groups, columns.shape[1]))
    np.add.at(sums, rows.group[there], columns)
    value = _numbers(sums.sum(axis=0), len(parts))
    samples = np.empty((0, len(value)))
    if resamples and rows.groups >= FEWEST_GROUPS:
        samples = bootstrap_lanes(
            lambda weights: _numbers((sums.T @ weights).T, len(parts)).T, rows.groups, lanes=_LANES,
            resamples=resamples, seed=seed,
        )  # fmt: skip
    low, high = percentile(samples) if len(samples) else (np.full(len(value), np.nan),) * 2
    spreads = [Spread(float(v), _known(a), _known(b)) for v, a, b in zip(value, low, high, strict=True)]
    n = in_part.sum(axis=0).tolist()
    bands = [Band(part, n[i], *msgspec.structs.astuple(spreads[2 + i])) for i, part in enumerate(parts.names)]
    within = spreads[1] if np.isfinite(value[1]) else None
    p = normal_p(value[1], samples[:, 1]) if len(samples) and within is not None else None
    return Relation(
        condition=key, label=name(key), unit=unit_of(key), n=int(there.sum()), bands=bands, rank=spreads[0],
        within=within, classes=len(often), p=p, p_holm=None,
    )  # fmt: skip


def ranks(values: Floats) -> Floats:
    """Mid-ranks about 0, from −½ to ½.

    >>> ranks(np.array([5.0, 1.0, 5.0, 9.0])).tolist()
    [0.0, -0.375, 0.0, 0.375]
    """
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    return np.asarray((middle / len(values) - 0.5)[index])


def _products(a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    return a * b, a * a, b * b


def _numbers(sums: Floats, parts: int) -> Floats:
    """Both correlations and the mean IoU of each part, (…, 2 + parts), of sums (…, columns)."""
    both = [divide(sums[..., i], np.sqrt(sums[..., i + 1] * sums[..., i + 2])) for i in (0, 3)]
    n, iou = sums[..., 6 : 6 + parts], sums[..., 6 + parts :]
    return np.concatenate([np.stack(both, axis=-1), divide(iou, n)], axis=-1)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def taken(outcomes: Outcomes, classes: tuple[str, ...]) -> list[Taken]:
    """What failures are taken for, the commonest pairs first."""
    truth, said = outcomes.truth[outcomes.failed], outcomes.said[outcomes.failed]
    failures = np.bincount(truth, minlength=len(classes)).tolist()
    pairs, n = np.unique(np.column_stack([truth, said]), axis=0, return_counts=True)
    order = np.argsort(-n, kind="stable")
    return [
        Taken(classes[k], None if d < 0 else outcomes.names[d], count, failures[k])
        for (k, d), count in zip(pairs[order].tolist(), n[order].tolist(), strict=True)
    ]
