"""Tracks as pictures and as video, alone or against a truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from optotype.data.images import Pixels
from optotype.evidence import Evidence, Rows
from optotype.files import replacing
from optotype.inference.draw import FALSE, Painter, Shown, canvas_of, counted_from_0, fitted
from optotype.inference.film import Film
from optotype.inference.video import Footage
from optotype.tables import Array, Floats, Tracks

RATE = 25.0
"""Frames a second of the video of a sequence whose rate is not known."""

LONGEST = 960
"""Pixels of the longer side of a video, unless the frames are smaller."""

_QUALITY = 90


@dataclass(frozen=True, eq=False)
class Reel:
    """What is drawn of one sequence; rows by frame, boxes as in the files.

    ``frame`` (n,), ``box`` (n, 4), ``id`` (n,), ``text`` and ``wrong`` (n, or empty) of the tracks; ``truth_frame``
    (m,), ``truth_box`` (m, 4) and ``missed`` (m,) of the truth.
    """

    name: str
    length: int
    frame: NDArray[np.int32]
    box: Floats
    id: NDArray[np.int64]
    text: tuple[str, ...]
    wrong: tuple[str, ...]
    truth_frame: NDArray[np.int32]
    truth_box: Floats
    missed: NDArray[np.bool_]

    def shown(self, frame: int) -> Shown:
        """What is drawn on a frame, which counts from 1."""
        own = slice(*np.searchsorted(self.frame, [frame, frame + 1]).tolist())
        true = slice(*np.searchsorted(self.truth_frame, [frame, frame + 1]).tolist())
        return Shown(counted_from_0(self.box[own]), self.id[own], self.text[own], self.wrong[own],
                     counted_from_0(self.truth_box[true]), self.missed[true])  # fmt: skip


def reel_of(tracks: Tracks, item: int) -> Reel:
    """A sequence's tracks alone."""
    rows = slice(*tracks.starts()[item : item + 2].tolist())
    ids = tracks.id[rows]
    text = _texts(ids, tracks.label[rows], tracks.classes)
    none = np.zeros(0, np.int32)
    return Reel(str(tracks.items.key[item]), int(tracks.length[item]), tracks.frame[rows], tracks.box[rows], ids, text,
                (), none, np.zeros((0, 4)), none.astype(bool))  # fmt: skip


def judged_reel(evidence: Evidence, key: str) -> Reel:
    """A sequence's tracks with the truth, and what is wrong: missed objects, false boxes, identities that changed.

    Boxes that the protocol does not judge are left out. An identity has changed where an object is matched to another
    one than when it was last matched.
    """
    item = evidence.keys.tolist().index(key)
    said, true = (_rows(evidence.tables[name], item, len(evidence)) for name in ("predictions", "truth"))
    length = int(evidence.tables["sequences"]["length"][item])
    wrong = np.where(said["match"] < 0, FALSE, "").astype("<U40")
    before: dict[int, int] = {}
    for identity, match in zip(true["id"].tolist(), true["match"].tolist(), strict=True):
        if match >= 0:
            now = int(said["id"][match])
            if before.setdefault(identity, now) != now:
                wrong[match] = f"was {before[identity]}"
            before[identity] = now
    kept, there = said["kept"], true["kept"]
    text = _texts(said["id"][kept], said["label"][kept], evidence.classes)
    faults = tuple(wrong[kept].tolist())
    return Reel(key, length, said["frame"][kept], said["box"][kept], said["id"][kept], text, faults,
                true["frame"][there], true["box"][there], true["match"][there] < 0)  # fmt: skip


def _rows(table: Rows, item: int, items: int) -> dict[str, Array]:
    rows = slice(*table.starts(items)[item : item + 2].tolist())
    return {name: values[rows] for name, values in table.columns.items()}


def _texts(ids: NDArray[np.int64], labels: NDArray[np.int32], classes: tuple[str, ...]) -> tuple[str, ...]:
    if len(classes) < 2:
        return tuple(map(str, ids.tolist()))
    return tuple(f"{i} {classes[k]}" for i, k in zip(ids.tolist(), labels.tolist(), strict=True))


def picture(reel: Reel, frames: Footage | None, path: Path, *, size: tuple[int, int], longest: int) -> None:
    """The first frame with its boxes as a JPEG."""
    whole = canvas_of(np.concatenate([reel.box, reel.truth_box]), _size(frames, size))
    first = None if frames is None else next(iter(frames.frames()), None)
    painted = Painter(whole, fitted(*whole, longest)).paint(first, reel.shown(1), _caption(reel, 1))
    with replacing(path) as stream:
        painted.save(stream, "JPEG", quality=_QUALITY)


def video(
    reel: Reel, frames: Footage | None, path: Path, *, size: tuple[int, int], rate: float, longest: int = LONGEST,
    threads: int = 0, progress: Callable[[int], None] = lambda _done: None,
) -> int:  # fmt: skip
    """All frames with their boxes as a WebM; returns how many frames it has.

    Without ``frames`` boxes lie on a blank canvas; where there are images of some frames only, it ends with them.
    """
    whole = canvas_of(np.concatenate([reel.box, reel.truth_box]), _size(frames, size))
    smaller = fitted(*whole, longest)
    painter = Painter(whole, smaller)
    n = 0
    with Film(path, *smaller, rate if math.isfinite(rate) else RATE, threads=threads) as film:
        for n, pixels in enumerate(_pixels(frames, reel.length, min(smaller)), 1):
            film.add(np.asarray(painter.paint(pixels, reel.shown(n), _caption(reel, n))))
            progress(n)
    return n


def _size(frames: Footage | None, size: tuple[int, int]) -> tuple[int, int]:
    return size if frames is None else (frames.width, frames.height)


def _caption(reel: Reel, frame: int) -> str:
    return f"{reel.name}   {frame} / {reel.length}"


def _pixels(frames: Footage | None, length: int, at_least: int) -> Iterator[Pixels | None]:
    return repeat(None, length) if frames is None else islice(frames.frames(at_least), length)
