"""A detector at one score threshold: what it finds, and how many false detections an image that costs.

At IoU 0.5, same class, by COCO's matching. Because matching is greedy in the order of scores, the matches of the
detections above a threshold are the same whether or not those below it are there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.evidence import Evidence
from optotype.tables import Array, Floats

_AT_50 = 1
"""Bit of IoU 0.5 in ``hit`` and ``out``."""


@dataclass(frozen=True)
class Point:
    """Detections with at least this ``score``: precision, recall, F1 and false detections an image."""

    score: float
    precision: float
    recall: float
    f1: float
    false_per_image: float


def counts(evidence: Evidence) -> NDArray[np.bool_]:
    """Which detections (n,) are right or wrong: not in excess of the cap, nor on a crowd."""
    return np.asarray((evidence["detections"]["out"][:, 0] >> _AT_50 & 1) == 0)


def right(evidence: Evidence) -> NDArray[np.bool_]:
    """Which detections (n,) are of an object that counts."""
    return np.asarray((evidence["detections"]["hit"][:, 0] >> _AT_50 & 1) == 1)


def judged(evidence: Evidence) -> NDArray[np.bool_]:
    """Which objects of the truth (m,) count."""
    return np.asarray((evidence["truth"]["out"] & 1) == 0)


def found_score(evidence: Evidence) -> Floats:
    """Score (m,) of the detection that finds each object of the truth; −inf where none does."""
    truth, found = evidence["truth"], evidence["detections"]
    first = truth.starts(len(evidence))
    rows = np.flatnonzero(right(evidence))
    score = np.full(len(truth), -math.inf)
    score[first[found.item[rows]] + found["partner"][rows]] = found["score"][rows]
    return score


def best_f1(evidence: Evidence) -> Point | None:
    """The highest threshold with the best F1 over all classes together; None without objects or detections."""
    score, hits = _ranked(evidence)
    positives = int(judged(evidence).sum())
    if not len(score) or not positives:
        return None
    tp = np.cumsum(hits)
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    f1 = 2 * tp[last] / (last + 1 + positives)
    return _point(evidence, score, tp, int(last[np.argmax(f1)]))


def at_false_positives(evidence: Evidence, per_image: float) -> float:
    """The lowest score such that no more than so many detections an image, itself included, are false; inf for none."""
    score, hits = _ranked(evidence)
    if not len(score):
        return math.inf
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    false = np.cumsum(~hits)[last]
    fine = np.flatnonzero(false <= per_image * len(evidence) + 1e-9)
    return float(score[last[fine[-1]]]) if len(fine) else math.inf


def _ranked(evidence: Evidence) -> tuple[Floats, NDArray[np.bool_]]:
    """Falling scores of the detections that count, and whether each is right."""
    there = np.flatnonzero(counts(evidence))
    score = evidence["detections"]["score"][there]
    order = np.argsort(-score, kind="stable")
    return score[order], right(evidence)[there[order]]


def _point(evidence: Evidence, score: Floats, tp: Array, at: int) -> Point:
    positives, hits, n = int(judged(evidence).sum()), int(tp[at]), at + 1
    return Point(
        float(score[at]), hits / n, hits / positives, 2 * hits / (n + positives), (n - hits) / len(evidence)
    )  # fmt: skip
