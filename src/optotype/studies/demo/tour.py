"""The tour: frames of the world, then one leg a task, all in one folder with one report."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np

from optotype.files import write_atomic
from optotype.runs import RunFolder
from optotype.studies.demo import classify_leg, detect_leg, segment_leg, track_leg
from optotype.studies.demo.records import DEMO_FILE, DemoFile, LegRecord
from optotype.studies.evaluation import new_folder
from optotype.studies.reports import write_report
from optotype.studies.training import TORCH, Progress, Silent
from optotype.world.domains import Name

Examine = Callable[..., LegRecord]

LEGS: dict[str, Examine] = {
    "classify": classify_leg.examine,
    "detect": detect_leg.examine,
    "track": track_leg.examine,
    "segment": segment_leg.examine,
}
"""Task → what examines it: ``(folder, *, seed, train, progress, command)`` fills the folder and says what was found."""

FRAMES: tuple[tuple[Name, int], ...] = (("north", 8), ("north", 9), ("south", 10), ("south", 12))
"""Domain and number of the frames that the report shows."""


def tour(
    out: Path, *, seed: int = 0, train: bool | None = None, max_mb: float = 20, progress: Progress | None = None,
    command: str = "",
) -> DemoFile:  # fmt: skip
    """Run every leg into ``out``, which must be new or empty, and write its report.

    ``train`` None: train models where what the extra 'train' brings is installed.
    """
    progress = progress or Silent()
    folder = new_folder(out)
    can = all(find_spec(package) for package in TORCH)
    train = can if train is None else train
    folder.path.mkdir(parents=True, exist_ok=True)
    pictures = _frames(folder.path, seed)
    legs = []
    for task, examine in LEGS.items():
        place = folder.path / task
        place.mkdir()
        legs.append(examine(place, seed=seed, train=train, progress=progress, command=command))
    kept = DemoFile(pictures, legs, command)
    write_atomic(folder.path / DEMO_FILE, msgspec.json.format(msgspec.json.encode(kept)))
    write_report(folder, max_mb=max_mb)
    return kept


def _frames(root: Path, seed: int) -> list[tuple[str, str]]:
    """Frames of both domains with their label maps in CamVid's colours: path below ``root``, and a line about it."""
    from PIL import Image

    from optotype.world.labels import CAMVID_COLOURS, LABELS
    from optotype.world.render import render
    from optotype.world.streets import scene

    colours = np.array([CAMVID_COLOURS[label.camvid] for label in LABELS], np.uint8)
    (root / "world").mkdir()
    shown = []
    for domain, index in FRAMES:
        frame = render(scene(seed, index, domain))
        for kind, pixels in (("frame", frame.image), ("labels", colours[frame.label])):
            path = f"world/{domain}-{index}-{kind}.png"
            Image.fromarray(pixels).save(root / path)
            shown.append((path, f"{domain}, {kind}"))
    return shown


def load(folder: RunFolder) -> DemoFile:
    """What the demo's folder remembers."""
    return msgspec.json.decode((folder.path / DEMO_FILE).read_bytes(), type=DemoFile)
