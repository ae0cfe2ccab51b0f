"""Images on which two detectors differ most, with the boxes of both."""

from __future__ import annotations

import math

import numpy as np

from optotype.evidence import Evidence
from optotype.metrics import operating
from optotype.tables import Array
from optotype.tasks.detect.frames import MOST_BOXES, Shown
from optotype.views import BoxRole, Drawn, Frame

MOST_FRAMES = 60


def changed_frames(
    first: Evidence,
    second: Evidence,
    names: tuple[str, str],
    scores: tuple[float | None, float | None],
    fixed: Array,
    broken: Array,
) -> list[Frame]:
    """Frames, without pictures, of the images with most changed objects, each detector above its own score.

    ``fixed`` and ``broken`` (m,) are masks of the truth. The notes name the detector of a box and what became of an
    object.
    """
    item, n = first["truth"].item, len(first)
    counts = [np.bincount(item[mask], minlength=n) for mask in (fixed, broken)]
    order = np.argsort(-(counts[0] + counts[1]), kind="stable")[:MOST_FRAMES]
    sides = [Shown.of(evidence) for evidence in (first, second)]
    limits = [math.inf if score is None else score for score in scores]
    frames = []
    for i in order.tolist():
        fixes, breaks = int(counts[0][i]), int(counts[1][i])
        if fixes + breaks == 0:
            break
        width, height = sides[0].size(i)
        change = "more fixed" if fixes > breaks else "more broken" if breaks > fixes else "as many of each"
        facts = [("fixed", f"{fixes:,}"), ("broken", f"{breaks:,}")]
        drawn = _drawn(i, sides, names, limits, fixed, broken)
        title = str(first.keys[i])
        frames.append(
            Frame(
                title,
                width,
                height,
                drawn,
                facets={"change": change, "class": _most(first, i, fixed | broken)},
                facts=facts,
                tone="good" if fixes > breaks else "bad",
            )
        )
    return frames


def _most(first: Evidence, item: int, changed: Array) -> str:
    """The class of most changed objects of an image."""
    truth = first["truth"]
    labels = truth["label"][changed & (truth.item == item)]
    return first.classes[int(np.bincount(labels).argmax())]


def _drawn(
    item: int, sides: list[Shown], names: tuple[str, str], limits: list[float], fixed: Array, broken: Array
) -> Drawn:
    truth = sides[0].evidence["truth"]
    objects = sides[0].rows("truth", item)[:MOST_BOXES]
    judged = operating.judged(sides[0].evidence)[objects].tolist()
    finds = [side.found_score[objects] >= limit for side, limit in zip(sides, limits, strict=True)]
    both = (finds[0] & finds[1]).tolist()
    role: list[BoxRole] = [
        "ignored" if not counts else "truth" if found else "missed" for counts, found in zip(judged, both, strict=True)
    ]
    note = ["fixed" if fixed[i] else "broken" if broken[i] else "" for i in objects.tolist()]
    boxes, labels = [truth["box"][objects]], [truth["label"][objects]]
    score: list[float | None] = [None] * len(objects)
    for side, name, limit in zip(sides, names, limits, strict=True):
        found = side.evidence["detections"]
        rows = side.rows("detections", item)
        rows = rows[found["score"][rows] >= limit]
        rows = rows[np.argsort(-found["score"][rows], kind="stable")][:MOST_BOXES]
        boxes.append(found["box"][rows])
        labels.append(found["label"][rows])
        score += found["score"][rows].tolist()
        role += side.roles(rows)
        note += [name] * len(rows)
    x, y, w, h = np.round(np.concatenate(boxes), 1).T.tolist()
    return Drawn(x, y, w, h, np.concatenate(labels).tolist(), score, role, note)
