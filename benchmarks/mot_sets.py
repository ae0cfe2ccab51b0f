"""Seeded sequences of MOT17's size in TrackEval's tree: smooth walks, occlusion, distractors, a tracker that errs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

MOT17 = (
    ("MOT17-02", 600, 1920, 1080, 31.0), ("MOT17-04", 1050, 1920, 1080, 45.0), ("MOT17-05", 837, 640, 480, 8.3),
    ("MOT17-09", 525, 1920, 1080, 10.0), ("MOT17-10", 654, 1920, 1080, 19.6), ("MOT17-11", 900, 1920, 1080, 10.5),
    ("MOT17-13", 750, 1920, 1080, 15.5),
)  # fmt: skip
"""Name, frames, width, height and boxes a frame of MOT17's training sequences."""

LIFE = 120
PEDESTRIAN, STATIC = 1, 7


def write(folder: Path, sequences: Sequence[tuple[str, int, int, int, float]] = MOT17, seed: int = 23) -> None:
    """``gt/SEQ/gt/gt.txt`` and ``seqinfo.ini``, ``gt/seqmaps/all.txt``, ``trackers/T/data/SEQ.txt``."""
    rng = np.random.default_rng(seed)
    for sub in ("gt/seqmaps", "trackers/T/data"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    names = "".join(f"{name}\n" for name, *_ in sequences)
    (folder / "gt/seqmaps/all.txt").write_text(f"name\n{names}")
    for name, frames, width, height, density in sequences:
        home = folder / "gt" / name
        (home / "gt").mkdir(parents=True, exist_ok=True)
        (home / "seqinfo.ini").write_text(
            f"[Sequence]\nname={name}\nimDir=img1\nframeRate=30\nseqLength={frames}\nimWidth={width}\n"
            f"imHeight={height}\nimExt=.jpg\n"
        )
        frame, who, box, seen = walks(rng, frames, width, height, density)
        kind = np.where(rng.random(who.max() + 1) < 0.025, STATIC, PEDESTRIAN)[who]
        truth = np.column_stack([frame, who + 1, np.round(box), kind == PEDESTRIAN, kind, seen])
        np.savetxt(home / "gt/gt.txt", truth, fmt=["%d"] * 8 + ["%.4f"], delimiter=",")
        said = tracked(rng, frame, who, box, seen, (frames, width, height, density))
        np.savetxt(folder / f"trackers/T/data/{name}.txt", said, fmt=["%d"] * 2 + ["%.2f"] * 4 + ["%.3f"] + ["%d"] * 3,
                   delimiter=",")  # fmt: skip


def walks(rng: np.random.Generator, frames: int, width: int, height: int, density: float):
    """Frame from 1, object, box (n, 4) and the share that nothing nearer covers, by frame."""
    n = int(0.77 * density * frames / LIFE)  # some of a life lies outside of the sequence
    start = rng.integers(-LIFE, frames, n)
    first, last = np.maximum(start, 0), np.minimum(start + rng.integers(30, 3 * LIFE, n), frames)
    lives = np.maximum(last - first, 0)
    who = np.repeat(np.arange(n), lives)
    frame = np.arange(len(who)) - np.repeat(np.cumsum(lives) - lives, lives) + first[who]
    tall = np.exp(rng.normal(np.log(0.15 * height), 0.45, n))[who]
    wide = tall * rng.normal(0.4, 0.04, n)[who]
    age = (frame - first[who])[:, None]
    middle = rng.uniform([0.05 * width, 0.25 * height], [0.95 * width, 0.85 * height], (n, 2))[who]
    middle = middle + age * rng.normal(0, [0.0016 * width, 0.0004 * width], (n, 2))[who]
    box = np.column_stack([middle[:, 0] - wide / 2, middle[:, 1] - tall / 2, wide, tall])
    order = np.lexsort((who, frame))
    frame, who, box = frame[order] + 1, who[order], box[order]
    return frame, who, box, visible(frame, box)


def visible(frame: np.ndarray, box: np.ndarray) -> np.ndarray:
    seen = np.ones(len(box))
    starts = np.searchsorted(frame, np.arange(1, frame.max() + 2))
    for a, b in pairwise(starts.tolist()):
        x, y, w, h = box[a:b].T
        shared_w = np.minimum.outer(x + w, x + w) - np.maximum.outer(x, x)
        shared_h = np.minimum.outer(y + h, y + h) - np.maximum.outer(y, y)
        nearer = np.less.outer(y + h, y + h)
        covered = np.maximum(shared_w, 0) * np.maximum(shared_h, 0) * nearer / (w * h)[:, None]
        seen[a:b] = np.clip(1 - covered.sum(axis=1), 0, 1)
    return seen


def tracked(rng: np.random.Generator, frame, who, box, seen, size: tuple[int, int, int, float]) -> np.ndarray:
    """What a tracker writes (m, 10): misses what is covered, jitters, switches identities now and then, adds boxes."""
    frames, width, height, density = size
    hit = rng.random(len(who)) < np.clip(0.45 + 0.5 * seen, 0, 0.97)
    order = np.lexsort((frame, who))
    changes = (rng.random(len(who)) < 0.004) | np.append(True, np.diff(who[order]) != 0)
    identity = np.empty(len(who), np.int64)
    identity[order] = np.cumsum(changes)
    jitter = rng.normal(0, 0.028, (len(who), 4)) * (1.6 - 0.6 * seen)[:, None]
    moved = box + jitter * box[:, [2, 3, 2, 3]]
    extra = rng.poisson(0.06 * density, frames).sum()
    tall = np.exp(rng.normal(np.log(0.15 * height), 0.5, extra))
    false = np.column_stack([rng.uniform(0, width, extra), rng.uniform(0, height, extra), 0.4 * tall, tall])
    said = np.column_stack([
        np.concatenate([frame[hit], rng.integers(1, frames + 1, extra)]),
        np.concatenate([identity[hit], identity.max() + 1 + np.arange(extra)]),
        np.concatenate([moved[hit], false]),
        np.concatenate([0.25 + 0.7 * seen[hit], rng.beta(2, 3, extra)]),
        np.full((hit.sum() + extra, 3), -1),
    ])  # fmt: skip
    return said[np.lexsort((said[:, 1], said[:, 0]))]
