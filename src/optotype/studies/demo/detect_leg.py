"""The tour's second leg: a simulated detector with declared faults on stills of the world."""

from __future__ import annotations

from pathlib import Path

from optotype.formats import coco, coco_results
from optotype.studies.demo import detector
from optotype.studies.demo.faults import Fault
from optotype.studies.demo.findings import find, undeclared
from optotype.studies.demo.records import LegRecord
from optotype.studies.demo.stills import Stills, render_stills
from optotype.studies.evaluation import evaluate
from optotype.studies.training import Progress

IMAGES = 200

FAULTS = (
    Fault("small", "Small things are overlooked.", "size", "low", 0.2, 0.6, does="miss", condition="size"),
    Fault("dark", "Dark things are overlooked.", "brightness", "low", 0.15, 0.6, does="miss", condition="brightness"),
    Fault(
        "hidden rickshaws",
        "Rickshaws that are partly hidden are taken for cars.",
        "occlusion",
        "high",
        0.4,
        0.95,
        truth="rickshaw",
        taken_for="car",
        shows="slice",
        condition="overlap",
    ),
    Fault(
        "large", "Large boxes are badly placed.", "size", "high", 0.1, 0.5, does="misplace", shows="size", error="Loc"
    ),
    Fault(
        "twice", "One thing in eight is found twice.", "", "high", 1, 1 / 8, does="repeat", shows="error", error="Dupe"
    ),
    Fault(
        "alarms",
        "It sees two things an image where nothing is.",
        "",
        "high",
        1,
        2,
        does="imagine",
        shows="error",
        error="Bkg",
    ),
)


def examine(folder: Path, *, seed: int, train: bool, progress: Progress, command: str) -> LegRecord:  # noqa: ARG001
    """Stills, a simulated detector and its examination; no detector is trained."""
    progress.say(f"the world: rendering {IMAGES:,} stills")
    stills = render_stills(folder / "images", IMAGES, seed=seed, domain="south")
    progress.say(f"simulating a detector with {len(FAULTS)} declared faults, and examining it")
    made = detector.simulate(stills.truth, stills.attributes, FAULTS, seed=seed)
    simulated = folder / "simulated"
    result = evaluate(
        "detect", *_written(folder, stills, made), out=simulated, images=folder / "images", seed=seed, report=False,
        command=command,
    )  # fmt: skip
    return LegRecord(
        task="detect",
        items=len(stills.truth.items),
        simulated=simulated.relative_to(folder.parent).as_posix(),
        findings=find(FAULTS, result),
        undeclared=undeclared(FAULTS, result),
        sees="images, boxes and detections",
    )


def _written(folder: Path, stills: Stills, made: detector.Detected) -> tuple[Path, Path]:
    """The truth and the detections, as files that anyone could have brought."""
    truth, found = folder / "instances.json", folder / "detections.json"
    coco.write(truth, stills.truth)
    coco_results.write(found, made.prediction)
    return truth, found
