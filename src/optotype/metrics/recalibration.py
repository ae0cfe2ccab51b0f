"""Recalibration fitted on one half of the groups and judged on the other, before and after."""

from __future__ import annotations

from typing import Any

import numpy as np

from optotype.metrics.calibration import (
    BINS,
    CLIP,
    Edges,
    apply_isotonic,
    apply_temperature,
    bin_of,
    debiased_ece,
    equal_edges,
    fit_isotonic,
    fit_temperature,
    gap_spread,
    reliability,
    table,
)
from optotype.metrics.intervals import FEWEST_GROUPS
from optotype.tables import Array, Floats, Ints


def halve(groups: int, seed: int) -> Array:
    """Mask (groups,) of the seeded half that is fitted on."""
    order = np.random.Generator(np.random.Philox(key=seed)).permutation(groups)
    mask = np.zeros(groups, bool)
    mask[order[: groups // 2]] = True
    return mask


def recalibrate(
    scores: Floats,
    truth: Ints,
    predicted: Ints,
    group: Ints,
    groups: int,
    *,
    seed: int = 0,
    edges: Edges = "guo",
    bins: int = BINS,
) -> dict[str, Any]:
    """Temperature scaling and isotonic regression of the confidence, fitted on one half and judged on the other.

    ``scores`` (n, K) are probabilities, ``truth`` and ``predicted`` (n,) classes, ``group`` (n,) numbers below
    ``groups``; a group is never on both sides. ``bins`` and ``edges`` are those of the calibration error. Gives a
    JSON-able dict: ``rows`` with ``method`` none, temperature and isotonic, and what it does to ``nll``, ``brier``,
    ``ece``, ``ece_debiased`` and ``confidence_brier`` (mean squared error of the predicted class's score against being
    right); or a ``reason`` why there is none.
    """
    if groups < 2 * FEWEST_GROUPS:
        return {"reason": f"{groups} independent groups; fitting and judging need {FEWEST_GROUPS} each."}
    fit = halve(groups, seed)[group]
    judged = ~fit
    correct = predicted == truth
    temperature = fit_temperature(scores[fit], truth[fit])
    cooled = apply_temperature(scores[judged], temperature)
    confidence = _own(scores, predicted)
    knots = fit_isotonic(confidence[fit], correct[fit])
    right, where = correct[judged], group[judged]
    before, after = confidence[judged], _own(cooled, predicted[judged])
    mapped = apply_isotonic(before, knots)

    def row(method: str, own: Floats, rows: Floats | None) -> dict[str, Any]:
        return {
            "method": method,
            **_proper(rows, truth[judged]),
            **_errors(own, right, where, groups, edges, bins),
            "confidence_brier": float(((own - right) ** 2).mean()),
        }

    return {
        "groups": groups,
        "n_fitted": int(fit.sum()),
        "n_judged": int(judged.sum()),
        "seed": seed,
        "temperature": temperature,
        "rows": [
            row("none", before, scores[judged]),
            row("temperature", after, cooled),
            row("isotonic", mapped, None),
        ],
        "reliability": {
            "none": table(reliability(before, right, equal_edges(bins), edges)),
            "temperature": table(reliability(after, right, equal_edges(bins), edges)),
        },
    }


def _own(scores: Floats, label: Ints) -> Floats:
    return scores[np.arange(len(scores)), label]


def _proper(scores: Floats | None, truth: Ints) -> dict[str, float | None]:
    if scores is None:
        return {"nll": None, "brier": None}
    own = _own(scores, truth)
    brier = (scores**2).sum(axis=1) - own**2 + (1 - own) ** 2
    return {"nll": float(-np.log(np.clip(own, CLIP, 1 - CLIP)).mean()), "brier": float(brier.mean())}


def _errors(confidence: Floats, correct: Array, group: Ints, groups: int, edges: Edges, bins: int) -> dict[str, float]:
    part = bin_of(confidence, equal_edges(bins), edges)
    gap = confidence - correct
    mean = np.bincount(part, gap, bins) / len(gap)
    spread = gap_spread(gap, part, group, groups, bins)
    return {"ece": float(np.abs(mean).sum()), "ece_debiased": debiased_ece(mean, spread)}
