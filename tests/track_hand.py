"""Hand-made tracks, matched simply, as evidence of tracking: for tests of what is made of matches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from optotype.box_geometry import iou
from optotype.evidence import Evidence, Rows
from optotype.tables import Items, Tracks

Box = tuple[float, float, float, float]
Path = dict[int, Box]
"""Frame → box."""


def walk(frames: range, x: float, y: float = 100, w: float = 20, h: float = 40, vx: float = 2, vy: float = 0) -> Path:
    """A box that moves evenly."""
    return {f: (x + vx * (f - frames[0]), y + vy * (f - frames[0]), w, h) for f in frames}


def without(path: Path, frames: range) -> Path:
    return {f: box for f, box in path.items() if f not in frames}


@dataclass
class Film:
    """One sequence: paths by id of the truth and of a tracker, detections (frame, box, score)."""

    length: int
    truth: dict[int, Path]
    said: dict[int, Path]
    seen: list[tuple[int, Box, float]] | None = None
    passed: frozenset[int] = frozenset()
    visibility: dict[int, dict[int, float]] = field(default_factory=dict)
    label: dict[int, int] = field(default_factory=dict)
    said_label: dict[int, int] = field(default_factory=dict)
    size: tuple[int, int] = (640, 480)
    group: str = ""


def sides(films: Sequence[Film]) -> tuple[list[tuple], list[tuple]]:
    """Rows (item, frame, id, label, box, kept, visibility) of the truth, and (…, score) of the tracker."""
    truth, said = [], []
    for i, film in enumerate(films):
        for f in range(1, film.length + 1):
            seen = {k: film.visibility.get(k, {}).get(f, np.nan) for k in film.truth}
            truth += [
                (i, f, k, film.label.get(k, 0), path[f], k not in film.passed, seen[k])
                for k, path in film.truth.items() if f in path
            ]  # fmt: skip
            said += [
                (i, f, k, film.said_label.get(k, 0), path[f], True, 0.9) for k, path in film.said.items() if f in path
            ]
    return truth, said


def evidence(films: Sequence[Film], classes: tuple[str, ...] = ("person",)) -> Evidence:
    """Evidence of the films; boxes are matched as CLEAR does where nothing is ambiguous."""
    truth, said = (_columns(rows) for rows in sides(films))
    n = len(films)
    match, back = _matched(truth, said)
    starts = [np.searchsorted(side["item"], np.arange(n + 1)) for side in (truth, said)]
    tables = {
        "sequences": Rows(np.arange(n, dtype=np.int32), {
            "place": np.arange(n, dtype=np.int32), "length": np.array([f.length for f in films], np.int32),
            "rate": np.full(n, 30.0), "width": np.array([f.size[0] for f in films], np.int32),
            "height": np.array([f.size[1] for f in films], np.int32),
        }),
        "truth": Rows(truth["item"], {
            **{k: truth[k] for k in ("frame", "id", "label", "box", "kept")}, "visibility": truth["last"],
            "match": np.where(match >= 0, match - starts[1][truth["item"]], -1).astype(np.int32),
            "association": np.where(match >= 0, 0.5, np.nan),
        }),
        "predictions": Rows(said["item"], {
            **{k: said[k] for k in ("frame", "id", "label", "box", "kept")}, "score": said["last"],
            "match": np.where(back >= 0, back - starts[0][said["item"]], -1).astype(np.int32),
            "row": np.full(len(said["item"]), -1, np.int64),
        }),
    }  # fmt: skip
    keys = np.array([f"seq-{i:02}" for i in range(n)])
    groups = np.array([film.group or key for film, key in zip(films, keys.tolist(), strict=True)])
    return Evidence("track", classes, keys, groups, tables)


def _columns(rows: list[tuple]) -> Mapping[str, np.ndarray]:
    item, frame, id_, label, box, kept, last = zip(*rows, strict=True) if rows else ((),) * 7
    return {
        "item": np.array(item, np.int32), "frame": np.array(frame, np.int32), "id": np.array(id_, np.int64),
        "label": np.array(label, np.int32), "box": np.array(box, np.float64).reshape(-1, 4),
        "kept": np.array(kept, bool), "last": np.array(last, np.float64),
    }  # fmt: skip


def _matched(truth: Mapping[str, np.ndarray], said: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    match, back = np.full(len(truth["id"]), -1), np.full(len(said["id"]), -1)
    last: dict[tuple[int, int], int] = {}
    for item, frame in sorted(set(zip(truth["item"].tolist(), truth["frame"].tolist(), strict=True))):
        a = np.flatnonzero((truth["item"] == item) & (truth["frame"] == frame) & truth["kept"])
        b = np.flatnonzero((said["item"] == item) & (said["frame"] == frame) & said["kept"])
        pairs = []
        for i in a.tolist():
            for j in b.tolist():
                overlap = float(iou(truth["box"][i : i + 1], said["box"][j : j + 1])[0])
                if overlap >= 0.5 and truth["label"][i] == said["label"][j]:
                    goes_on = last.get((item, int(truth["id"][i]))) == int(said["id"][j])
                    pairs.append((goes_on, overlap, i, j))
        before, last = last, {k: v for k, v in last.items() if k[0] != item}
        for _, _, i, j in sorted(pairs, reverse=True):
            if match[i] < 0 and back[j] < 0:
                match[i], back[j] = j, i
                last[item, int(truth["id"][i])] = int(said["id"][j])
        if not len(b):
            last = before
    return match, back


def detections(films: Sequence[Film], found: Evidence) -> Tracks:
    """What the films' trackers were given."""
    rows = [(i, f, box, s) for i, film in enumerate(films) for f, box, s in sorted(film.seen or [])]
    n, rates = len(rows), found["sequences"]["rate"]
    return Tracks(
        Items.of(found.keys.tolist()), found.classes, found["sequences"]["length"], rates,
        np.array([r[0] for r in rows], np.int32), np.array([r[1] for r in rows], np.int32), np.full(n, -1, np.int64),
        np.zeros(n, np.int32), np.array([r[2] for r in rows], np.float64).reshape(-1, 4), np.ones(n, bool),
        np.full(n, np.nan), np.arange(n, dtype=np.int64), np.array([r[3] for r in rows], np.float64),
    )  # fmt: skip


def given(*paths: Path, score: float = 0.9) -> list[tuple[int, Box, float]]:
    """Detections at all boxes of the paths."""
    return [(f, box, score) for path in paths for f, box in path.items()]
