"""A folder of the world in all formats asked for; it appears under its name only when it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from optotype import delimited
from optotype.errors import InputError
from optotype.files import replacing, write_atomic
from optotype.machine import usable_cores
from optotype.version import VERSION
from optotype.world import attributes, crops, sequences, streets
from optotype.world.attributes import Objects
from optotype.world.domains import Name
from optotype.world.export import coco, listing, masks, mot
from optotype.world.export.pictures import folders, save
from optotype.world.export.stills import Still
from optotype.world.render import render
from optotype.world.scene import Frame, Scene
from optotype.world.streaming import in_order

Task = Literal["detect", "segment", "track", "classify"]
TASKS: tuple[Task, ...] = ("detect", "segment", "track", "classify")

CLIP = 50
"""Frames of one exported sequence."""

LARGEST, SMALLEST = 4096, 32

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """What to write: ``frames`` images for each task, stills shared by detect and segment."""

    frames: int
    domain: Name = "north"
    seed: int = 0
    width: int = 480
    height: int = 360
    tasks: tuple[Task, ...] = TASKS
    threads: int = 0

    @property
    def stills(self) -> bool:
        """Whether single frames of streets are asked for."""
        return "detect" in self.tasks or "segment" in self.tasks

    @property
    def steps(self) -> int:
        """Images to draw."""
        return self.frames * (self.stills + ("track" in self.tasks) + ("classify" in self.tasks))


def export(folder: Path, plan: Plan, progress: Progress | None = None) -> Path:
    """Write the world as planned and return the folder.

    ``progress`` gets (images drawn, images in all). The same plan gives the same files with any number of threads, and
    the first k images of a longer export are those of an export of k. While it grows the folder is called
    ``<name>.part``. Raises InputError for a folder that holds something and for impossible sizes.
    """
    _check(plan)
    part = _fresh(folder)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, plan.steps)

    write_atomic(part / "world.json", msgspec.json.format(msgspec.json.encode(_about(plan)), indent=2) + b"\n")
    if plan.stills:
        _stills(part, plan, step)
    if "track" in plan.tasks:
        _clips(part / "track", plan, step)
    if "classify" in plan.tasks:
        crops.write(
            part / "classify", plan.frames, seed=plan.seed, domain=plan.domain, threads=_threads(plan), step=step
        )
    if folder.is_dir():
        folder.rmdir()
    part.rename(folder)
    return folder


def _check(plan: Plan) -> None:
    if plan.frames < 1:
        raise InputError("--frames", "at least 1", f"{plan.frames}", "Ask for more.")
    if not all(SMALLEST <= side <= LARGEST for side in (plan.width, plan.height)):
        got = f"{plan.width}x{plan.height}"
        raise InputError("--size", f"width and height from {SMALLEST} to {LARGEST}", got, "Choose another size.")
    if not plan.tasks:
        raise InputError("--tasks", f"some of {', '.join(TASKS)}", "none", "Name at least one task.")


def _fresh(folder: Path) -> Path:
    """The folder to write into; what lies there is never touched."""
    part = folder.with_name(folder.name + ".part")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(str(folder), "a new or empty folder", "something is there", "Choose another --out.")
    if part.exists():
        fix = "Remove it if nothing is writing there, or choose another --out."
        raise InputError(str(part), "no unfinished export", "what an interrupted export left", fix)
    part.mkdir(parents=True)
    return part


def _about(plan: Plan) -> dict[str, object]:
    return {
        "format": "optotype.world/1", "version": VERSION, "seed": plan.seed, "domain": plan.domain,
        "frames": plan.frames, "width": plan.width, "height": plan.height, "tasks": list(plan.tasks),
    }  # fmt: skip


def _threads(plan: Plan) -> int:
    return plan.threads or usable_cores()


def _stills(root: Path, plan: Plan, step: Callable[[], None]) -> None:
    """``images``, ``objects.csv``, and the layouts of detect and segment."""
    folders(root, "images")
    if "segment" in plan.tasks:
        masks.begin(root / "segment", plan.domain)
    members = []
    with ExitStack() as stack:
        table = stack.enter_context(replacing(root / "objects.csv"))
        boxes = coco.Coco(root / "detect", stack) if "detect" in plan.tasks else None
        delimited.write(table, listing.COLUMNS, [])
        for still, found in in_order(partial(_still, root, plan), range(plan.frames), _threads(plan)):
            _add(table, still.picture.name, still.objects, still.frame)
            members.append((still.stem, still.split))
            if boxes is not None:
                boxes.add(still, found)
            step()
        if boxes is not None:
            boxes.finish()
    if "segment" in plan.tasks:
        masks.finish(root / "segment", members)


def _still(root: Path, plan: Plan, index: int) -> tuple[Still, list[dict[str, Any]]]:
    """Draw one still and write its files; its COCO entries come back, as they go into one file."""
    frame = render(streets.scene(plan.seed, index, plan.domain, width=plan.width, height=plan.height))
    picture = root / "images" / f"{index:06}.png"
    save(picture, frame.image)
    still = Still(index, frame, attributes.objects(frame), picture)
    if "segment" in plan.tasks:
        masks.write(root / "segment", still, plan.domain)
    return still, coco.entries(frame, still.objects) if "detect" in plan.tasks else []


def _add(table: IO[bytes], image: str, objects: Objects, frame: Frame) -> None:
    for row in listing.rows(image, objects, frame.scene.environment):
        delimited.write(table, [str(value) for value in row], [])


def _clips(root: Path, plan: Plan, step: Callable[[], None]) -> None:
    """Sequences of ``CLIP`` frames, the last one shorter, and ``objects.csv`` of all."""
    folders(root)
    with ExitStack() as stack:
        table = stack.enter_context(replacing(root / "objects.csv"))
        delimited.write(table, listing.COLUMNS, [])
        for index, first in enumerate(range(0, plan.frames, CLIP)):
            frames = min(CLIP, plan.frames - first)
            _clip(root / f"world-{plan.domain}-{index:04}", plan, index, frames, table, step)


def _clip(root: Path, plan: Plan, index: int, frames: int, table: IO[bytes], step: Callable[[], None]) -> None:
    mot.begin(root)
    scenes = sequences.sequence(plan.seed, index, plan.domain, frames, width=plan.width, height=plan.height)

    def make(at: tuple[int, Scene | None, Scene]) -> tuple[int, Frame, Objects]:
        number, before, scene = at
        frame = render(scene)
        mot.picture(root, number, frame)
        return number, frame, attributes.objects(frame, before, 1 / sequences.RATE)

    lines: list[str] = []
    for number, frame, objects in in_order(make, _numbered(scenes), _threads(plan)):
        lines += mot.rows(number, objects)
        _add(table, f"{root.name}/img1/{number:06}.png", objects, frame)
        step()
    mot.finish(root, frames, plan.width, plan.height, lines)


def _numbered(scenes: Iterator[Scene]) -> Iterator[tuple[int, Scene | None, Scene]]:
    """Frame number from 1, the scene before, the scene."""

    def led() -> Iterator[Scene | None]:
        yield None
        yield from scenes

    for number, (before, scene) in enumerate(pairwise(led()), 1):
        if scene is not None:
            yield number, before, scene
