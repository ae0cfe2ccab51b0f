"""The study of CamVid: SegNet's decoder against DeepLabV3, over 32 or 11 classes; and three networks from scratch."""

from __future__ import annotations

from msgspec.structs import replace

from optotype.studies.declared import Declared, Preparation, StudyRun
from optotype.training.config import Augment, TrainConfig

AUGMENT = Augment(flip=0.5, scale=0.5, brightness=0.2, contrast=0.2, saturation=0.2)
"""Mirrored, zoomed to between two thirds and one and a half at a random place, colours within a fifth."""


def all_classes(data: str, weights: str = "hub", seed: int = 0) -> Declared:
    """CamVid as distributed: colour masks of 32 classes, Void among them, which does not count.

    Half the distributed resolution, AdamW at 5e-4 with the one-cycle schedule, median-frequency weights as in the
    SegNet paper, 30 epochs in batches of 4, the best epoch by validation mIoU. `optotype study camvid --data CamVid/`.
    """
    base = TrainConfig(
        task="segment", data=data, model="segnet", weights=weights, epochs=30, batch_size=4, size="360x480",
        optimizer="adamw", lr=5e-4, weight_decay=1e-4, schedule="onecycle", class_weights="median", clip_norm=1.0,
        patience=10, augment=AUGMENT, seed=seed,
    )  # fmt: skip
    return Declared(
        name="camvid",
        title="CamVid: SegNet's decoder and DeepLabV3",
        runs=[
            StudyRun("segnet", base, "VGG-16 whose pooling indices lead the decoder"),
            StudyRun("deeplabv3", replace(base, model="deeplabv3_resnet50"), "ResNet-50 with dilated convolutions"),
        ],
    )


def eleven(data: str, weights: str = "hub", seed: int = 0) -> Declared:
    """The same over the usual 11 classes, whichever of the two layouts the data is in."""
    found = all_classes(data, weights, seed)
    title = f"{found.title}, 11 classes"
    return replace(found, name="camvid-11", title=title, preparation=Preparation(map_classes="camvid11"))


def scratch(data: str, weights: str = "none", seed: int = 0) -> Declared:
    """SegNet, U-Net and our own network with random weights and one recipe, 240×176, 8 epochs, 11 classes.

    `optotype study camvid --preset scratch --data camvid/`; minutes on two cores, see the benchmarks page.
    """
    base = TrainConfig(
        task="segment", data=data, model="unet", weights=weights, epochs=8, batch_size=4, size="176x240",
        optimizer="adamw", lr=5e-4, schedule="onecycle", clip_norm=1.0, augment=Augment(flip=0.5), seed=seed,
    )  # fmt: skip
    return Declared(
        name="camvid-scratch",
        title="CamVid from scratch: three networks, one recipe",
        runs=[
            StudyRun("unet", base, "the paper's U-Net, padded"),
            StudyRun("segnet", replace(base, model="segnet"), "pooling indices lead the decoder"),
            StudyRun("acuity", replace(base, model="acuity"), "our own network, at fewer operations than U-Net"),
        ],
        preparation=Preparation(map_classes="camvid11"),
    )
