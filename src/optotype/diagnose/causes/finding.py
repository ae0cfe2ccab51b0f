"""What failures go with: effects of conditions, slices of classes, and misplaced confidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from optotype.diagnose.causes import adjusting, slices
from optotype.diagnose.causes.looking import Looked, kind_of, look, parts_of, unit_of
from optotype.diagnose.causes.outcomes import Outcomes, outcomes
from optotype.diagnose.causes.rates import Sample, difference, intervals, z_of
from optotype.diagnose.causes.records import Bin, Causes, Effect, Slice, Spread
from optotype.diagnose.causes.relating import cell_rows, relations, taken
from optotype.diagnose.causes.testing import association
from optotype.diagnose.causes.trusting import misplaced
from optotype.diagnose.causes.words import WORDS
from optotype.diagnose.compare.significance import holm
from optotype.diagnose.conditions import TABLE, Conditions, name, of_table
from optotype.evidence import Evidence
from optotype.metrics.intervals import FEWEST_GROUPS, LEVEL, Z, group_index
from optotype.tables import Array, Ints

FEWEST_ITEMS = 40
FEWEST_FAILURES = 10


def causes(
    evidence: Evidence,
    *,
    failed: Array | None = None,
    resamples: int = 2000,
    seed: int = 0,
    skipped: list[tuple[str, str]] | None = None,
    protocol: Mapping[str, Any] | None = None,
) -> Causes:
    """Look for what the failures go with among the table ``conditions`` of the evidence.

    ``failed`` (rows of that table,) bool; None: a classifier's wrong items, the objects that a detector misses. Items
    of one group of the evidence are not taken as independent, nor are objects of one item; nor, for a condition of
    the class, items of one class. ``skipped`` is what ``measure`` left out, with its reasons (None: what the table
    lacks); ``protocol`` is the evaluation's, whose rules the cells of a segmentation follow. Effects and slices are
    associations: nothing here shows what would happen if a condition were changed.
    """
    if TABLE not in evidence.tables:
        warning = "No conditions were measured."
        return Causes(
            n=len(evidence), groups=0, failures=0, resamples=resamples, seed=seed, skipped=skipped or [],
            warnings=[warning], task=evidence.task,
        )  # fmt: skip
    conditions = of_table(evidence[TABLE], evidence.task)
    known = outcomes(evidence)
    if failed is None:
        assert known is not None, "evidence that tells what failed"
        failed = known.failed
    failed = np.asarray(failed, bool)
    assert len(failed) == len(conditions), "one row of the conditions a judged object"
    group, groups = group_index(evidence.groups[conditions.item])
    sample = Sample(failed, group, groups, groups == len(failed))
    base = Causes(
        n=len(failed), groups=groups, failures=int(failed.sum()), resamples=resamples, seed=seed,
        skipped=conditions.skipped if skipped is None else skipped, warnings=_too_few(sample, evidence.task),
        task=evidence.task,
    )  # fmt: skip
    if evidence.task == "segment":
        base = _of_cells(base, evidence, conditions, known, protocol or {})
    if len(failed) < FEWEST_ITEMS or base.failures < FEWEST_FAILURES or base.failures == base.n:
        return base
    return _found(base, conditions, known, sample, evidence.classes)


def _of_cells(
    base: Causes, evidence: Evidence, conditions: Conditions, known: Outcomes | None, protocol: Mapping[str, Any]
) -> Causes:
    """With how the IoU of cells goes with conditions, and what components that fail are taken for."""
    found = relations(cell_rows(evidence, conditions, protocol), resamples=base.resamples, seed=base.seed)
    mistaken = [] if known is None else taken(known, evidence.classes)
    return msgspec.structs.replace(base, relations=found, taken=mistaken)


def _found(
    base: Causes, conditions: Conditions, known: Outcomes | None, sample: Sample, classes: tuple[str, ...]
) -> Causes:
    label = None if known is None else known.truth
    looked = [look(key, parts, sample, label) for key, parts in parts_of(conditions).items()]
    parted = {c.key for c in looked}
    keys = [*conditions.values, *conditions.categorical]
    left_out = [(key, "too few items in each part") for key in keys if key not in parted]
    effects, adjustment = _effects(looked, conditions, label, sample, base)
    changes: dict[str, Any] = {"effects": effects, "adjustment": adjustment, "skipped": [*base.skipped, *left_out]}
    if known is not None:
        changes["slices"], changes["searched"] = _slices(conditions, known, sample, base, classes)
        if known.confidence is not None:
            changes["trust"] = misplaced(
                looked, known.confidence, sample.failed, resamples=base.resamples, seed=base.seed
            )
    return msgspec.structs.replace(base, **changes)


def _too_few(sample: Sample, task: str) -> list[str]:
    n, failures, words = len(sample.failed), int(sample.failed.sum()), WORDS[task]
    if n < FEWEST_ITEMS:
        return [f"{n} {words.many} are too few to look for what failures go with (at least {FEWEST_ITEMS})."]
    if failures < FEWEST_FAILURES:
        return [f"{failures} failures are too few to look for what they go with (at least {FEWEST_FAILURES})."]
    if failures == n:
        return [f"Every {words.one} is {words.failing}, so that failing goes with nothing."]
    if not sample.judgeable:
        return [f"No tests and intervals: fewer than {FEWEST_GROUPS} independent groups."]
    return []


def _effects(
    looked: list[Looked], conditions: Conditions, label: Ints | None, sample: Sample, base: Causes
) -> tuple[list[Effect], str]:
    p = [_p(c, base) for c in looked]
    corrected: list[float | None] = [None] * len(p)
    for model in (False, True):  # what is seen through the model is another question, corrected apart
        places = [i for i, c in enumerate(looked) if (kind_of(c.key) == "model") == model]
        for i, value in zip(places, holm([p[i] for i in places]), strict=True):
            corrected[i] = value
    why_not = adjusting.possible(sample.failed)
    adjusted = {} if why_not else _adjusted(looked, conditions, label, sample)
    effects = [_effect(c, p[i], corrected[i], *adjusted.get(c.key, (None, []))) for i, c in enumerate(looked)]
    return sorted(effects, key=_strength), why_not or adjusting.HOW


def _strength(effect: Effect) -> tuple[bool, bool, float]:
    """Order of the effects: by the end of the interval that is nearer to none; those without one by their size."""
    low = effect.difference.low
    return effect.kind == "model", low is None, -effect.difference.value if low is None else -low


def _p(c: Looked, base: Causes) -> float | None:
    if not c.sample.judgeable:
        return None
    ordered = c.parts.edges is not None
    return association(c.sample, c.parts.code, len(c.parts), ordered, resamples=base.resamples, seed=base.seed)


def _adjusted(
    looked: list[Looked], conditions: Conditions, label: Ints | None, sample: Sample
) -> dict[str, tuple[Spread | None, list[str]]]:
    measured = [c for c in looked if kind_of(c.key) != "model"]
    covariates = {c.key: adjusting.covariate(c.key, c.parts, conditions.values.get(c.key)) for c in measured}
    classes = np.zeros(len(sample.failed), np.int32) if label is None else label
    found = {}
    for c in measured:
        inside, there = c.parts.code == c.worst, c.parts.code >= 0
        spread = adjusting.adjusted(inside, c.key, covariates, classes, c.sample, there, _z(c))
        found[c.key] = spread, adjusting.entangled(c.key, covariates)
    return found


def _effect(
    c: Looked, p: float | None, corrected: float | None, adjusted: Spread | None, entangled: list[str]
) -> Effect:
    w = c.worst
    ends = difference(c.found, c.rest, _z(c))
    low, high = (_known(end[w], c.sample) for end in ends)
    return Effect(
        condition=c.key,
        label=name(c.key),
        unit=unit_of(c.key),
        kind=kind_of(c.key),
        bins=_bins(c),
        worst=w,
        place=c.parts.place(w),
        where=c.parts.where(w, unit_of(c.key)),
        n=int(c.found.n[w]),
        failures=int(c.found.hits[w]),
        rate=float(c.found.rate[w]),
        rest_rate=float(c.rest.rate[w]),
        difference=Spread(float(c.found.rate[w] - c.rest.rate[w]), low, high),
        p=p,
        p_holm=corrected,
        share=float(c.found.hits[w] / c.sample.failed.sum()),
        adjusted=adjusted,
        entangled=entangled,
        missing=int((c.parts.code < 0).sum()),
    )


def _z(c: Looked) -> float:
    """Standard errors of an interval that holds for whichever part is the worst (Bonferroni over the parts)."""
    return z_of(1 - (1 - LEVEL) / len(c.parts))


def _bins(c: Looked) -> list[Bin]:
    low, high = intervals(c.found, Z)
    edges = None if c.parts.edges is None else c.parts.edges.tolist()
    return [
        Bin(
            part,
            int(c.found.n[i]),
            int(c.found.hits[i]),
            float(c.found.rate[i]),
            _known(low[i], c.sample),
            _known(high[i], c.sample),
            None if edges is None else edges[i],
            None if edges is None else edges[i + 1],
        )
        for i, part in enumerate(c.parts.names)
    ]


def _known(value: Any, sample: Sample) -> float | None:
    return float(value) if sample.judgeable and np.isfinite(value) else None


def _slices(
    conditions: Conditions, known: Outcomes, sample: Sample, base: Causes, classes: tuple[str, ...]
) -> tuple[list[Slice], int]:
    values = {key: column for key, column in conditions.values.items() if kind_of(key) != "model"}
    names = {key: (name(key), unit_of(key)) for key in (*values, *conditions.categorical)}
    return slices.search(
        sample, known, values, conditions.categorical, names, classes, resamples=base.resamples, seed=base.seed
    )
