"""Images with their boxes: the worst images, and the errors one by one, drawn from the evidence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
import numpy as np

from optotype.box_geometry import size_of
from optotype.evidence import Evidence
from optotype.kernels.tide import MISSED
from optotype.metrics import operating, tide
from optotype.metrics.tide.codes import ERROR_NAMES, error_names
from optotype.tables import Array, Floats, Strings
from optotype.tasks.detect.tiding import ERRORS
from optotype.tasks.wording import plural
from optotype.views import BoxRole, Drawn, Frame, Frames, Picture

Pictures: TypeAlias = Callable[[str], Picture | None]
Concerned: TypeAlias = tuple[Array, Array]
"""Rows of the truth and of the detections that are drawn."""

WORST, EVENTS_EACH = 60, 40
"""Images shown whole, and events shown of each type of error."""
MOST_BOXES = 150
"""Boxes drawn on one image: those of the truth, then the detections with the highest scores."""
_IMAGE, _EVENT = 640, 480
_MARGIN = 0.6
"""What is shown around an event, as a share of its size."""


@dataclass(frozen=True, eq=False)
class Shown:
    """Evidence as it is drawn: rows of the truth and detections with roles at a threshold, and where items begin.

    ``type`` names the error of each detection (protocol ``tide``), empty for none; ``missed`` are objects that no
    detection of at least ``threshold`` finds.
    """

    evidence: Evidence
    threshold: float
    truth_start: Array
    found_start: Array
    found_score: Floats
    missed: Array
    right: Array
    counts: Array
    type: Strings

    @classmethod
    def of(cls, evidence: Evidence) -> Shown:
        """At the threshold of the best F1 (0 where there is none)."""
        point = operating.best_f1(evidence)
        threshold = 0.0 if point is None else point.score
        score = operating.found_score(evidence)
        truth, found = evidence["truth"], evidence["detections"]
        return cls(
            evidence,
            threshold,
            truth.starts(len(evidence)),
            found.starts(len(evidence)),
            score,
            operating.judged(evidence) & (score < threshold),
            operating.right(evidence),
            operating.counts(evidence),
            error_names(found["tide"][:, tide.NOTED[0]]),
        )

    def frame(self, item: int, picture: Pictures, *, size: int, only: Concerned | None = None) -> Frame:
        """An image with its objects and the detections with the highest scores; or with ``only`` some of both."""
        key = str(self.evidence.keys[item])
        shown = picture(key)
        width, height = self.size(item)
        picture_of = None if shown is None else msgspec.structs.replace(shown, size=size)
        return Frame(key, width, height, self._drawn(item, only), picture_of)

    def size(self, item: int) -> tuple[int, int]:
        """Width and height of an image: as the truth has them, else as far as its boxes reach."""
        images = self.evidence["images"]
        width, height = int(images["width"][item]), int(images["height"][item])
        return (width, height) if width and height else self._reach(item)

    def roles(self, rows: Array) -> list[BoxRole]:
        """What each of these detections is."""
        return ["ignored" if not self.counts[i] else "right" if self.right[i] else "wrong" for i in rows.tolist()]

    def _reach(self, item: int) -> tuple[int, int]:
        boxes = np.concatenate([self.evidence[name]["box"][self.rows(name, item)] for name in ("truth", "detections")])
        ends = (boxes[:, :2] + boxes[:, 2:]).max(axis=0, initial=1.0)
        return math.ceil(ends[0]), math.ceil(ends[1])

    def rows(self, table: str, item: int) -> Array:
        """Rows of the truth or the detections of an image."""
        start = self.truth_start if table == "truth" else self.found_start
        return np.arange(start[item], start[item + 1])

    def _drawn(self, item: int, only: Concerned | None) -> Drawn:
        truth, found = self.evidence["truth"], self.evidence["detections"]
        objects, rows = only or (self.rows("truth", item), self.rows("detections", item))
        rows = rows[np.argsort(-found["score"][rows], kind="stable")][: max(MOST_BOXES - len(objects), 0)]
        judged = operating.judged(self.evidence)[objects]
        objects, judged = objects[:MOST_BOXES], judged[:MOST_BOXES]
        role: list[BoxRole] = [
            ("missed" if self.missed[i] else "truth") if counts else "ignored"
            for i, counts in zip(objects.tolist(), judged.tolist(), strict=True)
        ]
        role += self.roles(rows)
        box = np.concatenate([truth["box"][objects], found["box"][rows]])
        label = np.concatenate([truth["label"][objects], found["label"][rows]])
        x, y, w, h = (np.round(side, 1).tolist() for side in box.T) if len(box) else ([], [], [], [])
        scores = found["score"][rows].tolist()
        unscored: list[float | None] = [None] * len(objects)
        notes = ["crowd" if r == "ignored" else "" for r in role[: len(objects)]]
        notes += ["" if self.right[i] else str(self.type[i]) for i in rows.tolist()]
        return Drawn(x, y, w, h, label.tolist(), [*unscored, *scores], role, notes)


def worst_images(shown: Shown, picture: Pictures) -> Frames:
    """The images with most missed objects and false detections at the threshold of the best F1."""
    evidence = shown.evidence
    truth, found, n = evidence["truth"], evidence["detections"], len(evidence)
    false = shown.counts & ~shown.right & (found["score"] >= shown.threshold)
    missed = np.bincount(truth.item[shown.missed], minlength=n)
    wrong = np.bincount(found.item[false], minlength=n)
    order = np.argsort(-(missed + wrong), kind="stable")[:WORST]
    frames = []
    for i in order.tolist():
        if missed[i] + wrong[i] == 0:
            break
        here = shown.rows("truth", i)
        judged = int(operating.judged(evidence)[here].sum())
        facets = {"mostly": "missed objects" if missed[i] >= wrong[i] else "false detections"}
        facts = [
            ("objects", f"{judged:,}"),
            ("missed", f"{missed[i]:,}"),
            ("false detections", f"{wrong[i]:,}"),
        ]
        frame = shown.frame(i, picture, size=_IMAGE)
        frames.append(msgspec.structs.replace(frame, facets=facets, facts=facts, tone="bad"))
    caption = (
        f"The {plural(len(frames), 'image')} with most missed objects and false detections at score "
        f"{shown.threshold:.3f}, where F1 is best: found and missed are meant at that score. The slider hides "
        "detections."
    )
    return Frames("images", frames, list(evidence.classes), ["mostly"], shown.threshold, "The worst images", caption)


def error_events(shown: Shown, picture: Pictures) -> Frames:
    """Errors one by one: of each type the detections with the highest scores, and the largest objects missed."""
    frames: list[Frame] = []
    for name in ERRORS[:-1]:
        rows = np.flatnonzero((shown.type == name) & shown.counts)
        rows = rows[np.argsort(-shown.evidence["detections"]["score"][rows], kind="stable")]
        frames += [_error(shown, int(row), name, picture) for row in rows[:EVENTS_EACH]]
    truth = shown.evidence["truth"]
    missed = np.flatnonzero(truth["tide"][:, tide.NOTED[0]] == MISSED)
    missed = missed[np.argsort(-truth["area"][missed], kind="stable")]
    frames += [_miss(shown, int(row), picture) for row in missed[:EVENTS_EACH]]
    counts = ", ".join(f"{name}: {ERROR_NAMES[name]}" for name in ERRORS)
    caption = (
        f"Of each type up to {EVENTS_EACH}, the surest first (of missed objects the largest). {counts}. "
        "Drawn are the detection, the object that it is about (all objects, where it is about none) and the detection "
        "that finds that object; around a missed object all detections. Found and missed are meant at score "
        f"{shown.threshold:.3f}, where F1 is best."
    )
    return Frames(
        "events", frames, list(shown.evidence.classes), ["type", "class", "size"], title="Errors one by one",
        caption=caption, unit="error",
    )  # fmt: skip


def _error(shown: Shown, row: int, name: str, picture: Pictures) -> Frame:
    evidence = shown.evidence
    found, truth = evidence["detections"], evidence["truth"]
    item, label = int(found.item[row]), evidence.classes[found["label"][row]]
    facts = [("detected", f"{label} {found['score'][row]:.3f}")]
    focus = found["box"][row]
    size = size_of(float(focus[2] * focus[3]))
    partner = int(found["tide_partner"][row, 0])
    if partner >= 0:
        other = int(shown.truth_start[item]) + partner
        facts.append(("is", evidence.classes[truth["label"][other]]))
        focus = _both(focus, truth["box"][other])
        size = size_of(float(truth["area"][other]))
    facets = {"type": name, "class": label, "size": size}
    facts.append(("image", str(evidence.keys[item])))
    return _focused(shown, item, focus, facets, facts, picture, _concerned(shown, item, row, partner))


def _concerned(shown: Shown, item: int, row: int, partner: int) -> Concerned:
    """The object that an error is about (without one: all objects), its detection, and what finds the object."""
    found, objects = shown.evidence["detections"], shown.rows("truth", item)
    if partner < 0:
        return objects, np.array([row])
    here = shown.rows("detections", item)
    sure = found["score"][here] >= shown.threshold
    finders = here[sure & shown.right[here] & (found["partner"][here] == partner)]
    return objects[partner : partner + 1], np.unique(np.append(finders, row))


def _miss(shown: Shown, row: int, picture: Pictures) -> Frame:
    evidence, truth = shown.evidence, shown.evidence["truth"]
    item, label = int(truth.item[row]), evidence.classes[truth["label"][row]]
    facets = {"type": "Miss", "class": label, "size": size_of(float(truth["area"][row]))}
    facts = [("missed", label), ("image", str(evidence.keys[item]))]
    here = shown.rows("detections", item)
    sure = here[evidence["detections"]["score"][here] >= shown.threshold]
    return _focused(shown, item, truth["box"][row], facets, facts, picture, (np.array([row]), sure))


def _focused(
    shown: Shown,
    item: int,
    box: Floats,
    facets: dict[str, str],
    facts: list[tuple[str, str]],
    picture: Pictures,
    only: Concerned,
) -> Frame:
    frame = shown.frame(item, picture, size=_EVENT, only=only)
    x, y, w, h = box.tolist()
    side = max(w, h, 24.0) * (1 + 2 * _MARGIN)
    left, top = x + w / 2 - side / 2, y + h / 2 - side / 2
    left, top = max(0.0, min(left, frame.width - side)), max(0.0, min(top, frame.height - side))
    focus = (round(left, 1), round(top, 1), round(min(side, frame.width), 1), round(min(side, frame.height), 1))
    title = f"{facets['type']}: {facets['class']}"
    return msgspec.structs.replace(frame, title=title, focus=focus, facets=facets, facts=facts, tone="bad")


def _both(a: Floats, b: Floats) -> Floats:
    """The box around two."""
    low, high = np.minimum(a[:2], b[:2]), np.maximum(a[:2] + a[2:], b[:2] + b[2:])
    return np.concatenate([low, high - low])
