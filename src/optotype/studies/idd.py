"""The study of the India Driving Dataset: a part of it, 18 classes, and what Cityscapes' streets do to the model."""

from __future__ import annotations

from optotype.studies.declared import Declared, Preparation, StudyRun
from optotype.training.config import Augment, TrainConfig

SHARE = 0.3
"""Of each split that is taken, drawn by the seed."""

AUGMENT = Augment(flip=0.5, scale=0.5, brightness=0.2, contrast=0.2, saturation=0.2)


def course(data: str, weights: str = "none", seed: int = 0) -> Declared:
    """DeepLabV3+ on ResNet-101: 30 % of IDD, 512×512, the 18 classes, AdamW at 1e-4, poly schedule, 20 epochs of 8.

    `optotype study idd --data IDD/ --weights cityscapes.pth --versus Cityscapes/` starts from a checkpoint in
    DeepLabV3Plus-Pytorch's layout and holds IDD against Cityscapes' validation images.
    """
    config = TrainConfig(
        task="segment", data=data, model="deeplabv3plus_resnet101", weights=weights, epochs=20, batch_size=8, size=512,
        optimizer="adamw", lr=1e-4, weight_decay=1e-4, schedule="poly", clip_norm=1.0, patience=5, augment=AUGMENT,
        seed=seed,
    )  # fmt: skip
    return Declared(
        name="idd",
        title="India Driving Dataset: DeepLabV3+ over 18 classes",
        runs=[StudyRun("deeplabv3plus", config, "dilated ResNet-101, spatial pyramid pooling, one skip")],
        preparation=Preparation(map_classes="street18", share=SHARE),
    )
