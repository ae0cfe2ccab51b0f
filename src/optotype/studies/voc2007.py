"""The study of PASCAL VOC 2007: a course's network, better step by step, then other networks under the same recipe."""

from __future__ import annotations

from msgspec.structs import replace

from optotype.studies.declared import Declared, StudyRun
from optotype.training.config import Augment, TrainConfig

AUGMENT = Augment(crop=0.5, flip=0.5, rotation=10.0, brightness=0.2, contrast=0.2, saturation=0.2)


def course(data: str, weights: str = "hub", seed: int = 0) -> Declared:
    """One change a run, so that each effect can be attributed: 224×224, Adam at 1e-3, 30 epochs in batches of 16.

    The boundary (255) is taken as background, as the courses do; every run's report has the numbers with it ignored
    beside them. `optotype study voc2007 --data VOCdevkit/VOC2007`.
    """
    base = TrainConfig(
        task="segment", data=data, model="fcn_basic", epochs=30, batch_size=16, size=224, optimizer="adam", lr=1e-3,
        schedule="constant", void="background", seed=seed,
    )  # fmt: skip
    cosine = replace(base, schedule="cosine")
    augmented = replace(cosine, augment=AUGMENT)
    weighted = replace(augmented, class_weights="median")
    return Declared(
        name="voc2007",
        title="PASCAL VOC 2007: a baseline, better step by step",
        runs=[
            StudyRun("fcn_basic", base, "five convolutions down, five up, from scratch"),
            StudyRun("schedule", cosine, "cosine annealing"),
            StudyRun("augmented", augmented, "and augmentation"),
            StudyRun("weighted", weighted, "and a loss weighted by median frequency"),
            StudyRun("acuity", replace(weighted, model="acuity"), "our own network"),
            StudyRun("fcn_resnet34", replace(weighted, model="fcn_resnet34", weights=weights), "a ResNet-34 encoder"),
            StudyRun("unet", replace(weighted, model="unet"), "U-Net"),
        ],
    )


def ignored(data: str, weights: str = "hub", seed: int = 0) -> Declared:
    """The same with the boundary ignored in training and measuring, as the challenge has it."""
    found = course(data, weights, seed)
    runs = [replace(run, config=replace(run.config, void="ignore")) for run in found.runs]
    return replace(found, name="voc2007-ignored", title=f"{found.title}, boundaries ignored", runs=runs)
