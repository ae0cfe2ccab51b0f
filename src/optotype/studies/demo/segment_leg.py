"""The tour's fourth leg: a simulated segmentation with declared faults in two domains, and a trained one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from optotype.diagnose.domains import Crossing
from optotype.label_maps import write_label_map
from optotype.results import Result
from optotype.studies.crossing import versus
from optotype.studies.demo.faults import Fault
from optotype.studies.demo.findings import find, find_across, undeclared
from optotype.studies.demo.records import LegRecord
from optotype.studies.demo.scapes import HEIGHT, WIDTH, Scapes, render_scapes
from optotype.studies.demo.segmenter import simulate
from optotype.studies.evaluation import evaluate
from optotype.studies.training import Progress
from optotype.tables import Masks
from optotype.world.domains import Name

IMAGES: dict[Name, int] = {"north": 120, "south": 80}
HOME: Name = "north"
AWAY: Name = "south"

FAULTS = (
    Fault("small", "Small things are overlooked.", "size", "low", 0.3, 0.8, does="miss", condition="size"),
    Fault("dark", "Dark things are overlooked.", "brightness", "low", 0.25, 0.7, does="miss", condition="brightness"),
    Fault(
        "cut",
        "Cars that the border cuts off are taken for trucks.",
        "truncation",
        "high",
        0.25,
        0.95,
        truth="Car",
        taken_for="Truck",
        shows="slice",
        condition="truncation",
    ),
    Fault("outlines", "Outlines waver by a pixel or two.", "", "high", 1, 1.0, does="waver", shows="rim"),
)
ACROSS = Fault(
    "pavements", "In the south four images in ten have their pavements taken for road.", "", "high", 1, 0.4,
    truth="Sidewalk", taken_for="Road", does="rename", shows="domain",
)  # fmt: skip
"""Beside those of both domains, a fault of the south."""

TRAINING: dict[str, Any] = {
    "model": "acuity", "epochs": 4, "batch_size": 4, "size": "96x128", "optimizer": "adamw", "lr": 2e-3,
    "schedule": "onecycle", "clip_norm": 1.0,
}  # fmt: skip
"""Settings of a network that is trained short enough for a tour."""


@dataclass(frozen=True, eq=False)
class Examined:
    """The evaluation of the south, its folder, and that of what changes from north to south."""

    result: Result
    crossing: Crossing
    south: Path
    across: Path


def examine(folder: Path, *, seed: int, train: bool, progress: Progress, command: str) -> LegRecord:
    """Scapes of both domains, a simulated segmentation and its examination; with ``train`` also a network that learns
    the north and is shown the south.
    """
    progress.say(f"the world: rendering {sum(IMAGES.values()):,} street scapes of {WIDTH} × {HEIGHT} pixels")
    scapes = {
        domain: render_scapes(folder / domain, n, seed=seed, domain=domain, splits=domain == HOME)
        for domain, n in IMAGES.items()
    }
    progress.say(f"simulating a segmentation with {len(FAULTS) + 1} declared faults, and examining it")
    found = _simulated(folder, scapes, seed, command)
    trained, crossed = _trained(folder, scapes[AWAY], progress, command) if train else ("", "")
    root = folder.parent
    return LegRecord(
        task="segment",
        items=sum(IMAGES.values()),
        simulated=found.south.relative_to(root).as_posix(),
        findings=[*find(FAULTS, found.result), find_across(ACROSS, found.crossing)],
        undeclared=undeclared(FAULTS, found.result),
        sees="images, label maps and which domain they are of",
        crossed=found.across.relative_to(root).as_posix(),
        trained=trained,
        trained_crossed=crossed,
    )


def _simulated(folder: Path, scapes: dict[Name, Scapes], seed: int, command: str) -> Examined:
    results, folders = {}, {}
    for i, (domain, one) in enumerate(scapes.items()):
        faults = (*FAULTS, ACROSS) if domain == AWAY else FAULTS
        made = simulate(one, faults, seed=seed + i)
        said = folder / f"{domain}-said"
        write_maps(said, made.prediction)
        folders[domain] = folder / f"{domain}-simulated"
        results[domain] = evaluate(
            "segment", one.folder, said, out=folders[domain], causes=domain == AWAY, seed=seed, report=False,
            command=command,
        )  # fmt: skip
    across = folder / "across"
    crossing = versus(
        folders[HOME], folders[AWAY], out=across, names=(HOME, AWAY), seed=seed, report=False, command=command
    )
    return Examined(results[AWAY], crossing, folders[AWAY], across)


def write_maps(folder: Path, masks: Masks) -> None:
    """Label maps as PNG files that anyone could have brought."""
    for key, labels in zip(masks.items.key.tolist(), masks.maps, strict=True):
        write_label_map(folder / f"{key}.png", np.asarray(labels), masks.colours)


def _trained(folder: Path, away: Scapes, progress: Progress, command: str) -> tuple[str, str]:
    """A network trained on the north and judged on both domains: its folder, and that of what changes."""
    from optotype.studies.predicting import predict_maps
    from optotype.studies.training import train

    run, _ = train(
        "segment", {"data": str(folder / HOME), **TRAINING}, name="trained", runs=folder, causes=False, report=False,
        progress=progress, command=command,
    )  # fmt: skip
    progress.say("showing the trained network the south")
    said = folder / "trained-south-said"
    predict_maps(run.path, away.folder, out=said)
    judged = folder / "trained-south"
    evaluate("segment", away.folder, said, out=judged, causes=False, report=False, command=command)
    across = folder / "trained-across"
    versus(run.path, judged, out=across, names=(HOME, AWAY), report=False, command=command)
    root = folder.parent
    return run.path.relative_to(root).as_posix(), across.relative_to(root).as_posix()
