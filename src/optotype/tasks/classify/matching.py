"""Truth and prediction of each item side by side."""

from __future__ import annotations

import numpy as np

from optotype.errors import InputError
from optotype.evidence import Evidence, Rows
from optotype.kernels.confusion import TOP, judge_scores
from optotype.metrics.calibration import CLIP
from optotype.tables import Array, Labels, Strings


def match(truth: Labels, prediction: Labels) -> Evidence:
    """Evidence of a classifier: the table ``labels``, one row an item.

    Columns: ``truth``, ``predicted`` int32; and where the prediction has scores ``confidence`` (of the predicted
    class), ``nll`` (−ln of the true class's score, cut to [eps, 1 − eps]), ``brier`` (Σ (p − [true])²) float64,
    ``rank`` int32 (classes ranked before the true one; ties as scikit-learn's ``top_k_accuracy_score``: the higher
    index first), ``top_class`` and ``top_score`` (n, ≤ 5), best first. Items are paired by key, in whatever order
    they come.

    An InputError tells of different class lists, and of items that only one side has.
    """
    _check_classes(truth.classes, prediction.classes)
    order, other = np.argsort(truth.items.key, kind="stable"), np.argsort(prediction.items.key, kind="stable")
    _check_keys(truth.items.key[order], prediction.items.key[other])
    label = truth.label[order]
    columns: dict[str, Array] = {"truth": label, "predicted": prediction.label[other]}
    if prediction.scores is not None:
        columns |= _scored(np.ascontiguousarray(prediction.scores[other]), label, columns["predicted"])
    n = len(truth)
    tables = {"labels": Rows(np.arange(n, dtype=np.int32), columns)}
    return Evidence("classify", truth.classes, truth.items.key[order], truth.items.groups()[order], tables)


def _scored(scores: Array, truth: Array, predicted: Array) -> dict[str, Array]:
    n, classes = scores.shape
    kept = min(TOP, classes)
    brier, rank = np.empty(n), np.empty(n, np.int32)
    top_class, top_score = np.zeros((n, kept), np.int32), np.full((n, kept), -1.0)
    judge_scores(scores, np.ascontiguousarray(truth, np.int32), brier, rank, top_class, top_score)
    every = np.arange(n)
    return {
        "confidence": scores[every, predicted],
        "nll": -np.log(np.clip(scores[every, truth], CLIP, 1 - CLIP)),
        "brier": brier,
        "rank": rank,
        "top_class": top_class,
        "top_score": top_score,
    }


def _check_classes(truth: tuple[str, ...], prediction: tuple[str, ...]) -> None:
    if truth == prediction:
        return
    differing = [(a, b) for a, b in zip(truth, prediction, strict=False) if a != b]
    got = f"{len(prediction)} classes"
    if differing:
        got += f", first difference: {differing[0][1]!r} where the truth has {differing[0][0]!r}"
    expected = f"the truth's {len(truth)} classes in its order"
    raise InputError("classes of the predictions", expected, got, "Give both the same class list (--classes).")


def _check_keys(truth: Strings, prediction: Strings) -> None:
    if len(truth) == len(prediction) and bool((truth == prediction).all()):
        return
    missing, unknown = np.setdiff1d(truth, prediction), np.setdiff1d(prediction, truth)
    parts = [
        f"{len(keys)} {what}, such as {', '.join(repr(str(k)) for k in keys[:2])}"
        for what, keys in (("missing", missing), ("unknown", unknown))
        if len(keys)
    ]
    raise InputError(
        "items of the predictions", f"one prediction for each of the {len(truth)} items of the truth",
        "; ".join(parts), "Predict every item once, and name it as the truth does.",
    )  # fmt: skip
