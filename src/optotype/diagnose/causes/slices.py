"""Which class fails more, or is taken for which other, in which part of its items? One search, corrected as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from optotype.diagnose.causes.binning import FEWEST_IN_BIN, show, thirds
from optotype.diagnose.causes.outcomes import Outcomes
from optotype.diagnose.causes.rates import Sample, difference, rates, z_of
from optotype.diagnose.causes.records import Place, Slice, Spread
from optotype.diagnose.causes.testing import signs
from optotype.metrics.intervals import LEVEL
from optotype.tables import Array, Floats, Strings

ALPHA = 0.05
FEWEST_FAILURES = 5
FEWEST_OF_A_PAIR = 10
FEWEST_GROUPS_IN_PART = 10
MOST_SLICES = 50
_BLOCK = 64


@dataclass(frozen=True)
class Part:
    """A part of a class's items: the condition and its low or high third, or one of its categories."""

    condition: str
    place: Place
    where: str

    def like(self, other: Part) -> bool:
        """Whether this is the same part of another class."""
        same = self.condition == other.condition and self.place == other.place
        return same and (self.place != "category" or self.where == other.where)


@dataclass(frozen=True, eq=False)
class _Search:
    """One class: its rows, outcomes (n_c, o) bool, parts and their masks (n_c, p), and z scores (p, o)."""

    rows: Array
    truth: int
    outcomes: list[int | None]
    failed: Array
    parts: list[Part]
    inside: Array


def search(
    sample: Sample,
    outcomes: Outcomes,
    values: Mapping[str, Floats],
    texts: Mapping[str, Strings],
    names: Mapping[str, tuple[str, str]],
    classes: tuple[str, ...],
    *,
    resamples: int,
    seed: int,
) -> tuple[list[Slice], int]:
    """Slices that fail more than the rest of their class, the clearest first, and how many were looked at.

    For every class, every pair of classes confused at least 10 times, and every further way to fail as common in the
    class: the lowest and highest third of each condition within the class, or each category, against the rest of the
    class; parts of at least 20 items and 5 failures. ``p`` is from the largest of all standardised differences under
    randomisation (Westfall and Young 1993), so that the chance of any false slice is 5 %; within classes items are
    dealt anew, or sums of groups change sign. Intervals are at the level that keeps the share of wrong ones among those
    reported at 5 % (Benjamini and Yekutieli 2005). ``names`` gives label and unit of each condition.
    """
    searches = list(_searches(outcomes, values, texts, names, sample))
    observed = [_standardised(s, sample) for s in searches]
    searched = int(sum(np.isfinite(z).sum() for z in observed))
    if not searched or not sample.judgeable:
        return [], searched
    null = _null(searches, observed, sample, resamples, seed)
    found = []
    for s, z in zip(searches, observed, strict=True):
        for p, o in np.argwhere(np.isfinite(z)).tolist():
            corrected = float((1 + (null >= z[p, o] - 1e-6).sum()) / (1 + resamples))
            enough = np.count_nonzero(s.failed[s.inside[:, p], o]) >= FEWEST_FAILURES
            if corrected < ALPHA and enough:
                found.append((float(z[p, o]), s, p, o, corrected))
    if not found:
        return [], searched
    found.sort(key=lambda row: -row[0])
    reach = z_of(1 - (1 - LEVEL) * len(found) / searched)
    kept = [
        msgspec.structs.replace(
            _slice(s, p, o, corrected, sample, names, (classes, outcomes.names), reach),
            elsewhere=_elsewhere(searches, s, s.parts[p]) if s.outcomes[o] is None else None,
        )
        for _, s, p, o, corrected in found[:MOST_SLICES]
    ]
    return kept, searched


def _elsewhere(searches: list[_Search], this: _Search, part: Part) -> float | None:
    """Failure rate in the like part of the other classes minus that in their rest."""
    n, failures = np.zeros(2), np.zeros(2)
    for s in searches:
        if s is not this:
            for i in (i for i, other in enumerate(s.parts) if other.like(part)):
                for side, mask in enumerate((s.inside[:, i], ~s.inside[:, i])):
                    n[side] += mask.sum()
                    failures[side] += s.failed[mask, 0].sum()
    if not n.all():
        return None
    inside, rest = failures / n
    return float(inside - rest)


def _searches(
    outcomes: Outcomes,
    values: Mapping[str, Floats],
    texts: Mapping[str, Strings],
    names: Mapping[str, tuple[str, str]],
    sample: Sample,
) -> Iterator[_Search]:
    truth, said = outcomes.truth, outcomes.said
    for k in np.unique(truth).tolist():
        rows = np.flatnonzero(truth == k)
        if len(rows) < 2 * FEWEST_IN_BIN or sample.failed[rows].sum() < FEWEST_FAILURES:
            continue
        parts, masks = [], []
        for key, column in values.items():
            for place, edge, mask in thirds(column[rows]):
                shown = show(edge, names[key][1])
                parts.append(Part(key, place, f"below {shown}" if place == "low" else f"{shown} or more"))
                masks.append(mask)
        for key, text in texts.items():
            for value, n in zip(*np.unique(text[rows], return_counts=True), strict=True):
                if value and FEWEST_IN_BIN <= n <= len(rows) - FEWEST_IN_BIN:
                    parts.append(Part(key, "category", f"‘{value}’"))
                    masks.append(text[rows] == value)
        if not parts:
            continue
        answers = said[rows[sample.failed[rows]]]
        wrong = np.bincount(answers[answers >= 0])
        others = [d for d in np.flatnonzero(wrong >= FEWEST_OF_A_PAIR).tolist() if d != k]
        failed = np.column_stack([sample.failed[rows], *(said[rows] == d for d in others)])
        yield _Search(rows, k, [None, *others], failed, parts, np.column_stack(masks))


def _standardised(s: _Search, sample: Sample) -> Floats:
    """Excess of each outcome in each part over its standard deviation, (p, o); NaN where it is not looked at.

    What is looked at may hang on the sizes of parts and the numbers of failures, which resampling keeps, but not on
    where the failures lie.
    """
    inside, failed = s.inside.astype(np.float64), s.failed.astype(np.float64)
    n, sizes, hits = len(s.rows), inside.sum(axis=0), failed.sum(axis=0)
    if sample.independent:
        with np.errstate(invalid="ignore", divide="ignore"):
            z = (inside.T @ failed - np.outer(sizes, hits) / n) / _deviation(sizes, hits, n)
    else:
        sums = _group_sums(s, sample)[1]
        z = sums.sum(axis=0)
        z[_few_groups(s, sample)] = np.nan
    z[~np.isfinite(z)] = np.nan
    return np.asarray(z)


def _deviation(sizes: Floats, hits: Floats, n: int) -> Floats:
    """Standard deviation of a hypergeometric count, (p, o)."""
    return np.asarray(np.sqrt(np.outer(sizes * (n - sizes), hits * (n - hits)) / (n * n * (n - 1.0))))


def _group_sums(s: _Search, sample: Sample) -> tuple[Array, Floats]:
    """The groups of the class, and their standardised scores, (g, p, o)."""
    groups, index = np.unique(sample.group[s.rows], return_inverse=True)
    inside = s.inside - s.inside.mean(axis=0)
    failed = s.failed - s.failed.mean(axis=0)
    sums = np.zeros((len(groups), inside.shape[1], failed.shape[1]))
    np.add.at(sums, index, inside[:, :, None] * failed[:, None, :])
    spread = np.sqrt((sums**2).sum(axis=0))
    return groups, sums / np.where(spread > 0, spread, np.inf)


def _few_groups(s: _Search, sample: Sample) -> Array:
    group = sample.group[s.rows]
    few = [
        min(len(np.unique(group[mask])), len(np.unique(group[~mask]))) < FEWEST_GROUPS_IN_PART for mask in s.inside.T
    ]
    return np.array(few)


def _null(searches: list[_Search], observed: list[Floats], sample: Sample, resamples: int, seed: int) -> Floats:
    """The largest standardised excess of each resample over all that was searched."""
    draw = np.random.default_rng([seed, len(searches)])
    if sample.independent:
        largest = np.full(resamples, -np.inf)
        for s, z in zip(searches, observed, strict=True):
            if np.isfinite(z).any():
                np.maximum(largest, _dealt(s, z, draw, resamples), out=largest)
        return largest
    sums = [(z, *_group_sums(s, sample)) for s, z in zip(searches, observed, strict=True) if np.isfinite(z).any()]
    parts = []
    for block in signs(sample.groups, draw, resamples):
        largest = np.full(len(block), -np.inf)
        for z, groups, scores in sums:
            columns = scores.reshape(len(groups), -1)[:, np.isfinite(z).ravel()]
            np.maximum(largest, (block[:, groups] @ columns.astype(np.float32)).max(axis=1), out=largest)
        parts.append(largest)
    return np.concatenate(parts)


def _dealt(s: _Search, observed: Floats, draw: np.random.Generator, resamples: int) -> Floats:
    """The largest of one class when its outcomes are dealt over its items anew."""
    inside, failed = s.inside.T.astype(np.float32), s.failed.astype(np.float32)
    n, outcomes = failed.shape
    sizes, hits = s.inside.sum(axis=0).astype(np.float64), s.failed.sum(axis=0).astype(np.float64)
    used = np.isfinite(observed)
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation = _deviation(sizes, hits, n)
    largest = []
    for start in range(0, resamples, _BLOCK):
        drawn = min(_BLOCK, resamples - start)
        order = draw.permuted(np.tile(np.arange(n), (drawn, 1)), axis=1)
        together = (inside @ failed[order].transpose(1, 0, 2).reshape(n, -1)).reshape(-1, drawn, outcomes)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = (together - (np.outer(sizes, hits) / n)[:, None]) / deviation[:, None]
        largest.append(z.transpose(1, 0, 2)[:, used].max(axis=1))
    return np.concatenate(largest).astype(np.float64)


def _slice(
    s: _Search,
    p: int,
    o: int,
    corrected: float,
    sample: Sample,
    names: Mapping[str, tuple[str, str]],
    answers: tuple[tuple[str, ...], tuple[str, ...]],
    z: float,
) -> Slice:
    """``answers`` are the classes, and the classes with the further ways to fail."""
    outcome = Sample(s.failed[:, o], sample.group[s.rows], sample.groups, sample.independent)
    inside = rates(outcome, np.where(s.inside[:, p], 0, -1), 1)
    rest = rates(outcome, np.where(s.inside[:, p], -1, 0), 1)
    low, high = difference(inside, rest, z)
    other, part = s.outcomes[o], s.parts[p]
    classes, every = answers
    is_class = other is not None and other < len(classes)
    return Slice(
        truth=classes[s.truth],
        predicted=every[other] if other is not None and is_class else None,
        fails=every[other] if other is not None and not is_class else "",
        condition=part.condition,
        label=names[part.condition][0],
        place=part.place,
        where=part.where,
        n=int(inside.n[0]),
        failures=int(inside.hits[0]),
        rate=float(inside.rate[0]),
        rest_n=int(rest.n[0]),
        rest_failures=int(rest.hits[0]),
        rest_rate=float(rest.rate[0]),
        difference=Spread(float(inside.rate[0] - rest.rate[0]), float(low[0]), float(high[0])),
        p=corrected,
    )
