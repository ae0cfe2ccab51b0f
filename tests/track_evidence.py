"""Sequences of moving objects and a tracker that fails in known ways, for the tests of what is said and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from optotype.results import Provenance, Result, Source, encode
from optotype.tables import Items, Tracks

SIZE = (640, 360)


def table(
    names: Sequence[str],
    lengths: Sequence[int],
    rows: Sequence[tuple],
    *,
    scored: bool = False,
    classes: tuple[str, ...] = ("pedestrian",),
    groups: Sequence[str] | None = None,
    paths: Sequence[str] | None = None,
) -> Tracks:
    """Rows (sequence, frame, id, x, y, w, h), then class and score where wanted, in any order."""
    order = sorted(range(len(rows)), key=lambda i: rows[i][:2])
    rows = [rows[i] for i in order]
    n = len(rows)
    column = lambda k, kind: np.array([row[k] for row in rows], kind)  # noqa: E731
    items = Items.of(list(names), group=list(groups or names), path=list(paths) if paths else None)
    return Tracks(
        items=items,
        classes=classes,
        length=np.array(lengths, np.int32),
        rate=np.full(len(names), 25.0),
        item=column(0, np.int32),
        frame=column(1, np.int32),
        id=column(2, np.int64),
        label=np.array([row[7] if len(row) > 7 else 0 for row in rows], np.int32),
        box=np.array([row[3:7] for row in rows], np.float64).reshape(n, 4),
        counts=np.ones(n, bool),
        visibility=np.full(n, np.nan),
        row=np.arange(n, dtype=np.int64),
        score=np.array([row[8] if len(row) > 8 else 0.9 for row in rows], np.float64) if scored else None,
    )


def walkers(sequence: int, length: int, objects: int, rng: np.random.Generator, classes: int = 1) -> list[tuple]:
    """Objects that walk through the picture on straight lines."""
    found = []
    for who in range(1, objects + 1):
        begin, end = sorted(rng.choice(np.arange(1, length + 1), 2, replace=False).tolist())
        x, y = rng.uniform(20, SIZE[0] - 80), rng.uniform(20, SIZE[1] - 120)
        dx, dy = rng.normal(0, 1.5), rng.normal(0, 0.5)
        for frame in range(begin, max(end, begin + 8) + 1):
            if frame <= length:
                step = frame - begin
                at = (round(x + dx * step, 2), round(y + dy * step, 2))
                found.append((sequence, frame, who, *at, 32.0, 80.0, who % classes))
    return found


def failing(
    rows: Sequence[tuple], rng: np.random.Generator, *, switch: float, miss: float, false: float
) -> list[tuple]:
    """What a tracker says that misses boxes in runs, changes identities and invents boxes."""
    found: list[tuple] = []
    held: dict[tuple[int, int], tuple[int, int]] = {}
    fresh = 1000
    for row in sorted(rows, key=lambda r: (r[0], r[2], r[1])):
        key = (row[0], row[2])
        track, gone = held.get(key, (row[2], 0))
        if gone == 0 and rng.random() < miss:
            gone = int(rng.integers(1, 6))
        if rng.random() < switch:
            track, fresh = fresh, fresh + 1
        held[key] = (track, max(gone - 1, 0))
        if gone == 0:
            x, y = row[3] + rng.normal(0, 1), row[4] + rng.normal(0, 1)
            found.append((row[0], row[1], track, x, y, row[5], row[6], row[7], float(rng.uniform(0.3, 1))))
        if rng.random() < false:
            at = rng.uniform(0, 500), rng.uniform(0, 250)
            found.append((row[0], row[1], fresh, *at, 30.0, 70.0, row[7], 0.4))
            fresh += 1
    return found


def planted(
    seed: int = 0,
    *,
    sequences: int = 3,
    objects: int = 6,
    switch: float = 0.02,
    miss: float = 0.04,
    false: float = 0.02,
    classes: tuple[str, ...] = ("pedestrian",),
    tracker: int = 0,
    paths: Sequence[str] | None = None,
) -> tuple[Tracks, Tracks]:
    """The truth and what a tracker says; trackers of the same seed see the same truth."""
    rng = np.random.default_rng(seed)
    names = [f"seq-{k:02d}" for k in range(sequences)]
    lengths = [60 + 20 * (k % 3) for k in range(sequences)]
    rows = [row for k in range(sequences) for row in walkers(k, lengths[k], objects, rng, len(classes))]
    said = failing(rows, np.random.default_rng([seed, tracker]), switch=switch, miss=miss, false=false)
    truth = table(names, lengths, rows, classes=classes, paths=paths)
    return truth, table(names, lengths, said, scored=True, classes=classes, paths=paths)


def judged(truth: Tracks, found: Tracks, *, resamples: int = 50, protocol: str = "plain"):
    """The result as it is read from ``eval.json``, and the evidence."""
    from optotype.tasks.track.judging import match
    from optotype.tasks.track.measuring import measure
    from optotype.tasks.track.rules import Rules

    rules = Rules(protocol)
    evidence = match(truth, found, rules=rules)
    m = measure(evidence, found, resamples=resamples, rules=rules)
    source = Source("x", "0")
    fields = {name: getattr(m, name) for name in m.__struct_fields__}
    result = Result(task="track", **fields, provenance=Provenance(source, source, "1", "", ""))
    return msgspec.json.decode(encode(result), type=Result), evidence


def write_tree(folder: Path, truth: Tracks, *, pictures: bool = False) -> str:
    """The truth as MOTChallenge has it; with ``pictures`` grey frames beside it. Its folder."""
    starts = truth.starts()
    for s, name in enumerate(truth.items.key.tolist()):
        rows = range(starts[s], starts[s + 1])
        (folder / name / "gt").mkdir(parents=True)
        lines = [
            ",".join(map(str, (truth.frame[i], truth.id[i], *truth.box[i].tolist(), 1, truth.label[i] + 1, 1)))
            for i in rows
        ]
        (folder / name / "gt" / "gt.txt").write_text("\n".join(lines) + "\n")
        info = f"name={name}\nimDir=img1\nframeRate=25\nseqLength={truth.length[s]}\nimWidth=640\nimHeight=360\n"
        (folder / name / "seqinfo.ini").write_text(f"[Sequence]\n{info}imExt=.jpg\n")
        for frame in range(1, truth.length[s] + 1 if pictures else 1):
            (folder / name / "img1").mkdir(exist_ok=True)
            shade = (40 + 100 * s % 200, frame % 256, 90)
            Image.new("RGB", SIZE, shade).save(folder / name / "img1" / f"{frame:06d}.jpg")
    return str(folder)
