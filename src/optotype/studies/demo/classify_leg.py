"""The tour's first leg: a simulated classifier with declared faults, and three trained ones, on crops of the world."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from optotype.diagnose.space.records import load as load_space
from optotype.formats import read_labels, write_predictions
from optotype.formats.manifest import write as write_manifest
from optotype.runs import RunFolder
from optotype.studies.declared import Declared, StudyRun
from optotype.studies.demo.classifier import Simulated, simulate
from optotype.studies.demo.faults import Fault
from optotype.studies.demo.findings import find, label_errors, undeclared
from optotype.studies.demo.records import LegRecord
from optotype.studies.evaluation import evaluate
from optotype.studies.study import run
from optotype.studies.training import Progress
from optotype.studies.wildlife import COURSE_AUGMENT
from optotype.tables import Labels
from optotype.training.config import TrainConfig

ITEMS, PIXELS, LABEL_ERRORS = 1500, 96, 0.02

FAULTS = (
    Fault("small", "Small things are taken for something else.", "size", "low", 0.2, 0.5),
    Fault(
        "dark",
        "Where it is dark it is often wrong, and as sure as ever.",
        "brightness",
        "low",
        0.2,
        0.4,
        overconfident=True,
        shows="trust",
    ),
    Fault(
        "hidden rickshaws",
        "Rickshaws that are partly hidden are taken for cars.",
        "occlusion",
        "high",
        1 / 3,
        0.85,
        truth="rickshaw",
        taken_for="car",
        shows="slice",
    ),
)


def examine(folder: Path, *, seed: int, train: bool, progress: Progress, command: str) -> LegRecord:
    """Crops, a simulated classifier and its examination; with ``train`` also three models on the same crops."""
    labels = _crops(folder / "crops", seed, progress)
    progress.say(f"simulating a classifier with {len(FAULTS)} declared faults, and examining it")
    made = simulate(labels, FAULTS, label_errors=LABEL_ERRORS, seed=seed)
    simulated = folder / "simulated"
    result = evaluate(
        "classify", *_written(folder, made), out=simulated, seed=seed, report=False, command=command
    )  # fmt: skip
    suspects = [suspect.key for suspect in load_space(RunFolder(simulated).space).suspects or []]
    return LegRecord(
        task="classify",
        items=len(labels),
        simulated=simulated.relative_to(folder.parent).as_posix(),
        findings=find(FAULTS, result),
        undeclared=undeclared(FAULTS, result),
        sees="images, labels, answers and recorded attributes",
        labels=label_errors(labels.items.key, made.swapped, suspects),
        trained=_trained(folder, progress, command) if train else "",
    )


def _crops(folder: Path, seed: int, progress: Progress) -> Labels:
    from optotype.world.crops import write

    progress.say(f"the world: rendering {ITEMS:,} crops of {PIXELS} × {PIXELS} pixels")
    write(folder, ITEMS, seed=seed, domain="south", size=PIXELS)
    return read_labels(folder / "crops.csv")


def _written(folder: Path, made: Simulated) -> tuple[Path, Path]:
    """The truth as handed out and the answers, as files that anyone could have brought."""
    truth, answers = folder / "truth.csv", folder / "predictions.npz"
    write_manifest(truth, made.truth)
    write_predictions(answers, made.prediction)
    return truth, answers


def _trained(folder: Path, progress: Progress, command: str) -> str:
    """The wildlife study's three models, smaller, on the crops as they are."""
    declared = study(str(folder / "crops" / "crops.csv"))
    done = run(declared, keep_split=True, runs=folder, report=False, progress=progress, command=command)
    return done.folder.path.relative_to(folder.parent).as_posix()


def study(data: str) -> Declared:
    """A small CNN, ResNet-18, and ResNet-18 with augmentation, small and short enough for a tour."""
    base = TrainConfig(
        data=data, model="small_cnn", epochs=6, batch_size=32, size=48, optimizer="adam", lr=1e-3,
        weight_decay=1e-4, label_smoothing=0.1, schedule="onecycle",
    )  # fmt: skip
    resnet = replace(base, model="resnet18", epochs=3)
    return Declared(
        name="trained",
        title="Three classifiers on crops of the world",
        runs=[
            StudyRun("small_cnn", base, "three convolutions and a linear head"),
            StudyRun("resnet18", resnet, "a deeper network"),
            StudyRun("resnet18_aug", replace(resnet, augment=COURSE_AUGMENT), "the same with augmentation"),
        ],
    )
