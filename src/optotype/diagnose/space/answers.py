"""Mistakes and label suspects from a model's answers alone, where there is no feature space to look into."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optotype.diagnose.space.exploring import MOST_SUSPECTS
from optotype.diagnose.space.featured import Featured
from optotype.diagnose.space.mistakes import MOST, PER_CLASS, answered, choose
from optotype.diagnose.space.records import Share, Space, Suspect
from optotype.diagnose.space.suspects import suspects
from optotype.tables import Labels

_NOTHING = Share(None, None, None, 0)


def explore_answers(truth: Labels, said: Labels, *, per_class: int = PER_CLASS, most_mistakes: int = MOST) -> Space:
    """The mistakes of a model that is not at hand, the surest first, and the labels that its scores doubt.

    ``said`` holds the answers for the items of ``truth``, in their order. The record's ``dimensions`` are 0: it has no
    distances, neighbours or pictures, and its suspects are those of confident learning alone.
    """
    n = len(truth)
    alike = replace(truth, items=replace(truth.items, split=np.zeros(n, "<U1")))
    found = Featured(alike, replace(said, items=alike.items), np.zeros((n, 0), np.float32))
    doubted = _doubted(truth, said)
    suspicious = {suspect.key for suspect in doubted or []}
    return Space(
        classes=list(truth.classes),
        dimensions=0,
        judged="",
        centroids_of="",
        items=n,
        k=0,
        embeddings=[],
        surroundings=_NOTHING,
        surroundings_chance=0.0,
        nearer=_NOTHING,
        per_class=[],
        mistakes=answered(found, choose(found, "", per_class=per_class, most=most_mistakes), suspicious),
        mistakes_total=len(found.wrong("")),
        suspects=None if doubted is None else doubted[:MOST_SUSPECTS],
        suspects_total=len(doubted or []),
        doubted=len(doubted or []),
        notes=[],
    )


def _doubted(truth: Labels, said: Labels) -> list[Suspect] | None:
    if said.scores is None:
        return None
    found = suspects(truth.label, said.scores)
    scores = said.scores
    return [
        Suspect(
            key=str(truth.items.key[row]),
            given=truth.classes[truth.label[row]],
            suggested=truth.classes[other],
            predicted=truth.classes[said.label[row]],
            score_given=float(scores[row, truth.label[row]]),
            score_suggested=float(scores[row, other]),
            margin=float(margin),
            near_given=0,
            near_suggested=0,
        )
        for row, other, margin in zip(found.row.tolist(), found.suggested.tolist(), found.margin.tolist(), strict=True)
    ]
