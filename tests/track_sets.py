"""Generated truth and tracks for the tests of tracking: ties, distractors, empties and odd columns on purpose."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from optotype.tables import Items, Tracks

CLASSES = (
    "pedestrian", "person on vehicle", "car", "bicycle", "motorbike", "non-motorised vehicle", "static person",
    "distractor", "occluder", "occluder on the ground", "occluder full", "reflection", "crowd",
)  # fmt: skip
KINDS = ("plain", "mot15", "mot16", "mot17", "mot20")


def rows_of(seed: int, *, most: int = 9) -> tuple[np.ndarray, np.ndarray, int]:
    """Rows of a sequence's truth (n, 9) and of a tracker (m, 10) as MOTChallenge's files have them, and its length.

    Objects walk on a coarse grid, so that overlaps tie; some are there twice. Some frames, or whole sides, are empty.
    """
    rng = np.random.default_rng(seed)
    length = int(rng.integers(1, 40))
    step = float(rng.choice([1.0, 4.0, 10.0]))
    objects = int(rng.integers(0, most + 1))
    truth: list[list[float]] = []
    tracks: list[list[float]] = []
    ids = rng.permutation(4 * objects + 4) * int(rng.choice([1, 1, 1000]))
    said = rng.permutation(6 * objects + 60) * int(rng.choice([1, 1, 1000]))
    current = {g: int(said[g]) for g in range(objects)}
    next_said = objects
    gaps = rng.random(length) < 0.15
    for g in range(objects):
        number = int(rng.choice([1, 1, 1, 1, 1, 2, 6, 7, 8, 12, 3, 13]))
        first, last = sorted(rng.integers(1, length + 1, 2).tolist())
        start = np.round(rng.uniform(0, 120, 2) / step) * step
        speed = np.round(rng.normal(0, 3, 2) / step) * step
        size = np.array([rng.choice([20.0, 24.0, 30.0]), rng.choice([40.0, 50.0])])
        copies = 2 if rng.random() < 0.1 else 1
        for frame in range(first, last + 1):
            at = start + speed * (frame - first)
            conf = rng.choice([1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.7, -1.0, 2.5]) if rng.random() < 0.5 else 1.0
            if not (gaps[frame - 1] and rng.random() < 0.7):
                for copy in range(copies):
                    truth.append([frame, ids[g + copy * objects], *at, *size, conf, number, rng.random()])
            if rng.random() < 0.12:
                current[g] = int(said[next_said % len(said)])
                next_said += 1
            elif rng.random() < 0.05 and objects > 1:
                other = int(rng.integers(objects))
                current[g], current[other] = current[other], current[g]
            if rng.random() < 0.8 and not (gaps[frame - 1] and rng.random() < 0.3):
                jitter = rng.choice([0.0, 0.0, step, 2 * step, 7.0], 4) * rng.choice([-1, 1], 4)
                box = [*(at + jitter[:2]), *np.maximum(size + jitter[2:], 1)]
                tracks.append([frame, current[g], *box, rng.choice([1.0, 0.5, 0.9]), -1, -1, -1])
    for _ in range(int(rng.integers(0, 12))):
        frame = int(rng.integers(1, length + 1))
        box = [*rng.uniform(0, 150, 2), 25.0, 45.0]
        tracks.append([frame, int(said[rng.integers(len(said))]), *box, 0.3, -1, -1, -1])
    kind = rng.random()
    truth, tracks = ([] if kind < 0.04 else truth), ([] if 0.04 <= kind < 0.08 else tracks)
    return _unique(truth, 9, rng), _unique(tracks, 10, rng), length


def _unique(rows: list[list[float]], columns: int, rng: np.random.Generator) -> np.ndarray:
    """Each id once in a frame, rows of a frame in any order."""
    table = np.array(rows, np.float64).reshape(-1, columns)
    first = np.unique(table[:, :2], axis=0, return_index=True)[1]
    return table[rng.permutation(first)]


def tables(sequences: dict[str, tuple[np.ndarray, np.ndarray, int]], protocol: str) -> tuple[Tracks, Tracks]:
    """Both sides as tables; under ``plain`` and ``mot15`` all are of one class, as TrackEval has it without classes."""
    names = list(sequences)
    items = Items.of(names, group=names)
    length = np.array([of[2] for of in sequences.values()], np.int32)
    return tuple(_table(items, length, [of[side] for of in sequences.values()], side, protocol) for side in (0, 1))


def _table(items: Items, length: np.ndarray, parts: list[np.ndarray], side: int, protocol: str) -> Tracks:
    ordered = [part[np.argsort(part[:, 0], kind="stable")] for part in parts]
    rows = np.concatenate([part[:, :9] for part in ordered])
    one = protocol in ("plain", "mot15")
    truth = side == 0
    return Tracks(
        items, ("pedestrian",) if one else CLASSES, length, np.full(len(length), 25.0),
        np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts]),
        rows[:, 0].astype(np.int32), rows[:, 1].astype(np.int64),
        (rows[:, 7] - 1).astype(np.int32) if truth and not one else np.zeros(len(rows), np.int32),
        np.ascontiguousarray(rows[:, 2:6]), rows[:, 6].astype(np.int64) != 0 if truth else np.ones(len(rows), bool),
        rows[:, 8] if truth else np.full(len(rows), np.nan), np.arange(len(rows)), None if truth else rows[:, 6],
    )  # fmt: skip


def write(folder: Path, sequences: dict[str, tuple[np.ndarray, np.ndarray, int]]) -> None:
    """TrackEval's tree: gt/SEQ/gt/gt.txt, seqinfo.ini, seqmap.txt and trackers/T/data/SEQ.txt."""
    for name, (truth, tracks, length) in sequences.items():
        (folder / "gt" / name / "gt").mkdir(parents=True)
        (folder / "trackers/T/data").mkdir(parents=True, exist_ok=True)
        _write(folder / "gt" / name / "gt" / "gt.txt", truth)
        _write(folder / "trackers/T/data" / f"{name}.txt", tracks)
        info = f"[Sequence]\nname={name}\nimDir=img1\nframeRate=25\nseqLength={length}\nimWidth=640\nimHeight=480\n"
        (folder / "gt" / name / "seqinfo.ini").write_text(info + "imExt=.jpg\n")
    (folder / "seqmap.txt").write_text("name\n" + "".join(f"{name}\n" for name in sequences))


def _write(path: Path, rows: np.ndarray) -> None:
    path.write_text("".join(",".join(f"{value:.17g}" for value in row) + "\n" for row in rows))
