"""The boxes of a frame as columns of whole numbers, and what they take in the page."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from optotype.views import BoxRole, Drawn, Frame, Frames

ROLES: tuple[BoxRole, ...] = get_args(BoxRole)
TENTHS = 10  # steps of a place in one pixel
FINENESS = 100_000  # steps of a score between 0 and 1
NO_SCORE = -1
_FARTHEST = 1e7  # pixels

Columns = list[list[int]]


def note_codes(view: Frames) -> dict[str, int]:
    """Codes of the notes of a view's boxes; the empty one is 0."""
    notes = dict.fromkeys(["", *(note for frame in view.frames for note in frame.drawn.note)])
    return {note: code for code, note in enumerate(notes)}


def scene(frame: Frame, notes: Mapping[str, int]) -> list[Any]:
    """Width, height and focus, then eight columns of boxes: x, y, w, h, label, score, role, note.

    Places are in tenths of a pixel, scores in steps of 1/100,000 rounded down, so that a score lies above a threshold
    as it did before both were rounded; a column of nothing is empty. A box without a place is not drawn.
    """
    focus = frame.focus if frame.focus and all(map(math.isfinite, frame.focus)) else None
    part = focus and [round(_inside(value) * TENTHS) for value in focus]
    return [max(1, int(frame.width)), max(1, int(frame.height)), part, *_columns(frame.drawn, notes)]


def scene_bytes(frame: Frame) -> int:
    """About what the scene takes in the page; a note's code is taken to have up to three digits."""
    notes = {note: code + 100 for code, note in enumerate(dict.fromkeys(frame.drawn.note))}
    return 1 + len(json.dumps(scene(frame, notes), separators=(",", ":")))


def shown_roles(drawn: Drawn, threshold: float) -> Counter[BoxRole]:
    """How many boxes of each role are drawn at a threshold."""
    return Counter(
        role
        for role, score in zip(drawn.role, drawn.score, strict=True)
        if score is None or not math.isfinite(score) or score >= threshold
    )


def _columns(drawn: Drawn, notes: Mapping[str, int]) -> Columns:
    sides = np.array([drawn.x, drawn.y, drawn.w, drawn.h], np.float64)
    placed = np.flatnonzero(np.isfinite(sides).all(axis=0)).tolist()
    sides[2:] = np.maximum(sides[2:], 0)
    places = np.round(sides[:, placed].clip(-_FARTHEST, _FARTHEST) * TENTHS).astype(np.int64)
    codes = {role: code for code, role in enumerate(ROLES)}
    return [
        *places.tolist(),
        [int(drawn.label[i]) for i in placed],
        _or_empty([_score(drawn.score[i]) for i in placed], NO_SCORE),
        [codes[drawn.role[i]] for i in placed],
        _or_empty([notes[drawn.note[i]] for i in placed], 0),
    ]


def _or_empty(column: Sequence[int], nothing: int) -> list[int]:
    return [] if all(value == nothing for value in column) else list(column)


def _score(score: float | None) -> int:
    """Rounded down as the page's script does with its threshold."""
    return NO_SCORE if score is None or not math.isfinite(score) else math.floor(_inside(score) * FINENESS)


def _inside(value: float) -> float:
    return min(_FARTHEST, max(-_FARTHEST, float(value)))
