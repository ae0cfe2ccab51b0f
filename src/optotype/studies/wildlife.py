"""The study of wildlife photos: a small CNN, ResNet-18, and ResNet-18 with augmentation, with one shared strategy."""

from __future__ import annotations

from msgspec.structs import replace

from optotype.studies.declared import Declared, StudyRun
from optotype.training.config import Augment, TrainConfig

COURSE_AUGMENT = Augment(crop=0.8, flip=0.5, rotation=15.0, brightness=0.2, contrast=0.2, saturation=0.2)
"""RandomResizedCrop 0.8–1, flip 0.5, rotation ±15°, jitter 0.2."""


def course(data: str, weights: str = "hub", seed: int = 0) -> Declared:
    """The course's three runs: 224 px, cross-entropy with smoothing 0.1, Adam at 1e-3, 10 epochs, batches of 32.

    ResNet-18 gets the one-cycle schedule, the small CNN a constant rate. On 1,369 photos of 10 monkey species, 2 cores:
    `optotype study wildlife --data photos/ --weights none`; see the benchmarks page for time and accuracy.
    """
    base = TrainConfig(
        data=data, model="small_cnn", epochs=10, batch_size=32, size=224, optimizer="adam", lr=1e-3,
        weight_decay=1e-4, label_smoothing=0.1, schedule="constant", seed=seed,
    )  # fmt: skip
    resnet = replace(base, model="resnet18", weights=weights, schedule="onecycle")
    return Declared(
        name="wildlife",
        title="Wildlife photos: three classifiers, one strategy",
        runs=[
            StudyRun("small_cnn", base, "three convolutions and a linear head, from scratch"),
            StudyRun("resnet18", resnet, "a deeper network with a one-cycle schedule"),
            StudyRun("resnet18_aug", replace(resnet, augment=COURSE_AUGMENT), "the same with augmentation"),
        ],
    )


def tuned(data: str, weights: str = "hub", seed: int = 0) -> Declared:
    """Our recipe, one change a run from ``resnet18_aug`` on, so that each effect can be attributed."""
    start = course(data, weights, seed).runs[-1]
    adamw = replace(start.config, optimizer="adamw", weight_decay=0.05)
    if weights != "none":
        adamw = replace(adamw, backbone_lr=1e-4)
    small_batch = replace(adamw, batch_size=16)
    ema = replace(small_batch, ema=0.98)
    rates = "AdamW" if weights == "none" else "AdamW, a tenth of the rate for the backbone"
    return Declared(
        name="wildlife-tuned",
        title="Wildlife photos: a better recipe, step by step",
        runs=[
            start,
            StudyRun("tuned_adamw", adamw, rates),
            StudyRun("tuned_batch", small_batch, "and batches of 16: twice the steps"),
            StudyRun("tuned_ema", ema, "and the moving average of the weights is judged"),
        ],
    )
