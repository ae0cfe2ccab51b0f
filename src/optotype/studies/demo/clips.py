"""Sequences of the world with their objects, as a tracker's data set: most looked at without light, a few drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from optotype.machine import usable_cores
from optotype.tables import Floats, Items, Tracks
from optotype.world import sequences
from optotype.world.attributes import LEAST_PIXELS, LEAST_VISIBLE
from optotype.world.domains import Name
from optotype.world.export import mot
from optotype.world.labels import OBJECT_CLASSES
from optotype.world.render import Sight, render, see
from optotype.world.scene import Frame, Scene
from optotype.world.streaming import in_order

WIDTH, HEIGHT = 480, 360
KNOCK = 0.16
"""Radians by which a knocked camera turns."""


@dataclass(frozen=True, eq=False)
class Clips:
    """``truth``, as the files hold it, and where they lie; ``knocked`` (k, 2) sequences and frames."""

    truth: Tracks
    folder: Path
    knocked: tuple[tuple[int, int], ...]


def write_clips(
    folder: Path, n: int, frames: int, *, seed: int, domain: Name, knocked: tuple[tuple[int, int], ...] = (),
    drawn: int = 0,
) -> Clips:  # fmt: skip
    """Write ``n`` sequences as MOTChallenge has them into ``folder``, with the pictures of the first ``drawn`` and of
    the others' first frames.

    In the sequences and at the frames (from 1) of ``knocked`` the camera turns at once, and stays so.
    """
    parts, names = [], [f"world-{domain}-{index:02}" for index in range(n)]
    for index, name in enumerate(names):
        scenes = _scenes(seed, index, domain, frames, [frame for i, frame in knocked if i == index])
        root = folder / name
        mot.begin(root)
        made = partial(_rows, root, frames if index < drawn else 1)
        rows = np.concatenate(list(in_order(made, enumerate(scenes, 1), usable_cores())))
        lines = [
            mot.line(int(r[0]), int(r[1]), r[2:6], bool(r[6]), mot.NUMBER[int(r[7])], float(r[8])) for r in rows
        ]  # fmt: skip
        mot.finish(root, frames, WIDTH, HEIGHT, lines)
        parts.append(rows)
    return Clips(_table(folder, names, parts, frames), folder, knocked)


def _scenes(seed: int, index: int, domain: Name, frames: int, knocks: list[int]) -> Iterator[Scene]:
    for frame, scene in enumerate(sequences.sequence(seed, index, domain, frames, width=WIDTH, height=HEIGHT), 1):
        turned = KNOCK * sum(frame >= knock for knock in knocks)
        yield replace(scene, camera=replace(scene.camera, yaw=scene.camera.yaw + turned))


def _rows(root: Path, drawn: int, numbered: tuple[int, Scene]) -> Floats:
    """Frame, id, x, y, w, h from 0, whether it counts, kind, visibility; of everything of which a pixel is seen.

    Up to the frame ``drawn`` the picture is written.
    """
    frame, scene = numbered
    sight: Frame | Sight
    if frame <= drawn:
        sight = render(scene)
        mot.picture(root, frame, sight)
    else:
        sight = see(scene)
    made = []
    for i, thing in enumerate(scene.things):
        kind = OBJECT_CLASSES.index(thing.kind) if thing.kind in OBJECT_CLASSES else -1
        if kind not in mot.NUMBER or not sight.visible[i]:
            continue
        seen = sight.visible[i] / max(sight.silhouette[i], sight.visible[i])
        counts = sight.visible[i] >= LEAST_PIXELS and seen >= LEAST_VISIBLE
        x, y, w, h = sight.extent[i].tolist()
        wide, high = min(x + w, WIDTH) - max(x, 0), min(y + h, HEIGHT) - max(y, 0)
        inside = max(wide, 0) * max(high, 0) / max(w * h, 1e-9)
        made.append((frame, thing.id, x, y, w, h, counts, kind, seen * min(inside, 1)))
    return np.array(made, np.float64).reshape(-1, 9)


def _table(folder: Path, names: list[str], parts: list[Floats], frames: int) -> Tracks:
    n = len(names)
    items = Items.of(names, path=names, width=[WIDTH] * n, height=[HEIGHT] * n, root=folder)
    item = np.repeat(np.arange(n, dtype=np.int32), [len(part) for part in parts])
    rows = np.concatenate(parts)
    label = np.array([mot.NUMBER[int(kind)] - 1 for kind in rows[:, 7]], np.int32)
    box = np.round(rows[:, 2:6] + np.array([1, 1, 0, 0]), 2)
    return Tracks(
        items, mot.CLASSES, np.full(n, frames, np.int32), np.full(n, sequences.RATE), item,
        rows[:, 0].astype(np.int32), rows[:, 1].astype(np.int64), label, box, rows[:, 6] > 0, rows[:, 8],
        np.concatenate([np.arange(len(part)) for part in parts]).astype(np.int64),
    )  # fmt: skip
