"""Frames of a sequence with the boxes of objects and tracks, drawn from the evidence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.evidence import Evidence, Rows
from optotype.sequences import frame_files
from optotype.tables import Array, Floats
from optotype.views import BoxRole, Drawn, Frame, Picture

Pictures: TypeAlias = Callable[[str], Picture | None]
"""Key of a sequence → the folder of its frames."""
Concerned: TypeAlias = tuple[Array, Array]
"""Rows of the truth and of the tracks that an event is about."""
Part: TypeAlias = tuple[float, float, float, float]
"""x, y, w, h in a picture's pixels."""

MOST_BOXES = 60
FIRST = 1.0
"""Files count pixels from 1, a picture from 0."""
_MARGIN = 0.8
"""What is shown around an event, as a share of its size on each side."""
_SMALLEST = 48.0


@dataclass(frozen=True, eq=False)
class Film:
    """The pictures of frames: position i of a sequence's sorted image files is its frame i + 1."""

    picture: Pictures
    _files: dict[str, list[Path]] = field(default_factory=dict)

    def of(self, sequence: str, frame: int, size: int) -> Picture | None:
        """A frame's picture with ``size`` pixels on its longer side; None where there is none."""
        if sequence not in self._files:
            folder = self.picture(sequence)
            known = folder is not None and Path(folder.path).is_dir()
            self._files[sequence] = frame_files(Path(folder.path)) if folder is not None and known else []
        files = self._files[sequence]
        return Picture(str(files[frame - 1]), size) if 0 < frame <= len(files) else None


@dataclass(frozen=True, eq=False)
class Shown:
    """Evidence as it is drawn: the rows of each frame, and what each box is."""

    evidence: Evidence
    film: Film

    @cached_property
    def names(self) -> list[str]:
        """What a box is called: its class, or where there is one class alone what it is."""
        return ["object", "track"] if len(self.evidence.classes) < 2 else [*self.evidence.classes, "not judged"]

    @cached_property
    def _keys(self) -> dict[str, NDArray[np.int64]]:
        """Sequence and frame of every row as one ascending number."""
        tables = (self.evidence["truth"], self.evidence["predictions"])
        span = self._span
        return {
            name: rows.item.astype(np.int64) * span + rows["frame"]
            for name, rows in zip(("truth", "predictions"), tables, strict=True)
        }

    @cached_property
    def _span(self) -> int:
        return int(self.evidence["sequences"]["length"].max(initial=0)) + 1

    @cached_property
    def _scored(self) -> bool:
        """Whether tracks have scores, and such as the report can filter by: between 0 and 1."""
        score = self.evidence["predictions"]["score"]
        return bool(((score >= 0) & (score <= 1)).all())

    @cached_property
    def roles(self) -> dict[str, list[BoxRole]]:
        """What every row of the truth, and of the tracks, is drawn as."""
        truth, said = self.evidence["truth"], self.evidence["predictions"]
        sides: dict[str, tuple[Rows, BoxRole, BoxRole]] = {
            "truth": (truth, "truth", "missed"), "predictions": (said, "right", "wrong"),
        }  # fmt: skip
        found: dict[str, list[BoxRole]] = {}
        for name, (rows, matched, alone) in sides.items():
            code = np.where(rows["kept"], np.where(rows["match"] >= 0, 0, 1), 2)
            words: tuple[BoxRole, ...] = (matched, alone, "ignored")
            found[name] = [words[i] for i in code.tolist()]
        return found

    def rows(self, table: str, item: int, frame: int) -> Array:
        """Rows of ``truth`` or ``predictions`` in a frame."""
        key = item * self._span + frame
        return np.arange(*np.searchsorted(self._keys[table], [key, key + 1]))

    def of(self, table: str, item: int, frame: int, ids: Array | set[int]) -> Array:
        """Rows of some identities in a frame."""
        here = self.rows(table, item, frame)
        return here[np.isin(self.evidence[table]["id"][here], list(ids))]

    def size(self, item: int) -> tuple[int, int]:
        """Width and height of the frames: as the sequence has them, else as far as its boxes reach."""
        sequences = self.evidence["sequences"]
        width, height = int(sequences["width"][item]), int(sequences["height"][item])
        return (width, height) if width and height else self._reach[item]

    @cached_property
    def _reach(self) -> list[tuple[int, int]]:
        ends = np.ones((len(self.evidence), 2))
        for name in ("truth", "predictions"):
            rows = self.evidence[name]
            np.maximum.at(ends, rows.item, rows["box"][:, :2] + rows["box"][:, 2:] - FIRST)
        return [(math.ceil(x), math.ceil(y)) for x, y in ends.tolist()]

    def frame(self, item: int, frame: int, *, size: int, title: str = "", only: Concerned | None = None) -> Frame:
        """A frame with all its boxes, or those of ``only``."""
        sequence = str(self.evidence.keys[item])
        objects, tracks = only or (self.rows("truth", item, frame), self.rows("predictions", item, frame))
        drawn = self.drawn(objects[:MOST_BOXES], tracks[:MOST_BOXES])
        name = title or f"{sequence}, frame {frame:,}"
        return Frame(name, *self.size(item), drawn, self.film.of(sequence, frame, size))

    def around(self, item: int, box: Floats) -> Part:
        """The part of a frame to be shown of a box: it and some of what is around it."""
        width, height = self.size(item)
        x, y, w, h = box.tolist()
        side = max(w, h, _SMALLEST) * (1 + 2 * _MARGIN)
        wide, high = min(side, width), min(side, height)
        left = min(max(x - FIRST + w / 2 - wide / 2, 0.0), width - wide)
        top = min(max(y - FIRST + h / 2 - high / 2, 0.0), height - high)
        return round(left, 1), round(top, 1), round(wide, 1), round(high, 1)

    def meeting(self, table: str, item: int, frame: int, box: Floats) -> Array:
        """Rows of ``truth`` or ``predictions`` in a frame whose boxes meet one (4,)."""
        here = self.rows(table, item, frame)
        x, y, w, h = self.evidence[table]["box"][here].T
        left, top, wide, high = box
        return np.asarray(here[(x < left + wide) & (x + w > left) & (y < top + high) & (y + h > top)])

    def drawn(self, objects: Array, tracks: Array) -> Drawn:
        """Rows of the truth and of the tracks as boxes; a note gives the identity."""
        truth, said = self.evidence["truth"], self.evidence["predictions"]
        box = np.concatenate([truth["box"][objects], said["box"][tracks]])
        x, y, w, h = np.round(box - [FIRST, FIRST, 0, 0], 1).T.tolist() if len(box) else ([], [], [], [])
        ids = [*truth["id"][objects].tolist(), *said["id"][tracks].tolist()]
        role = [*(self.roles["truth"][i] for i in objects.tolist())]
        role += [self.roles["predictions"][i] for i in tracks.tolist()]
        scores = said["score"][tracks].tolist() if self._scored else [None] * len(tracks)
        return Drawn(
            x, y, w, h, self._labels(objects, tracks), [*[None] * len(objects), *scores], role, [f"id {i}" for i in ids]
        )

    def _labels(self, objects: Array, tracks: Array) -> list[int]:
        if len(self.evidence.classes) < 2:
            return [*[0] * len(objects), *[1] * len(tracks)]
        sides = ((self.evidence["truth"], objects), (self.evidence["predictions"], tracks))
        labels = np.concatenate([table["label"][rows] for table, rows in sides])
        return [len(self.evidence.classes) if label < 0 else int(label) for label in labels]
