"""The study of the India Driving Dataset: a part of it, 18 classes, and what Cityscapes' streets do to the model."""

from __future__ import annotations

from pathlib import Path

from optotype.studies.declared import Declared, Preparation, StudyRun
from optotype.training.config import Augment, TrainConfig

SHARE = 0.3
"""Of each split that is taken, drawn by the seed."""

AUGMENT = Augment(flip=0.5, scale=0.5, brightness=0.2, contrast=0.2, saturation=0.2)


ENCODERS = {"deeplabv3plus_resnet101": "ResNet-101", "deeplabv3plus_mobilenet": "MobileNetV2"}
"""Networks of the study by what a checkpoint can be of; the first where it does not say."""


def course(data: str, weights: str = "none", seed: int = 0) -> Declared:
    """DeepLabV3+: 30 % of IDD, 512×512, the 18 classes, AdamW at 1e-4, poly schedule, 20 epochs of 8.

    `optotype study idd --data IDD/ --weights cityscapes.pth --versus Cityscapes/` starts from a checkpoint in
    DeepLabV3Plus-Pytorch's layout, on the network that it is of (MobileNetV2 or ResNet-101), and holds IDD against
    Cityscapes' validation images.
    """
    model = _network(weights)
    config = TrainConfig(
        task="segment", data=data, model=model, weights=weights, epochs=20, batch_size=8, size=512,
        optimizer="adamw", lr=1e-4, weight_decay=1e-4, schedule="poly", clip_norm=1.0, patience=5, augment=AUGMENT,
        seed=seed,
    )  # fmt: skip
    return Declared(
        name="idd",
        title="India Driving Dataset: DeepLabV3+ over 18 classes",
        runs=[StudyRun("deeplabv3plus", config, f"dilated {ENCODERS[model]}, spatial pyramid pooling, one skip")],
        preparation=Preparation(map_classes="street18", share=SHARE),
    )


def _network(weights: str) -> str:
    """The network that a checkpoint is of; a file that is not there is told when training begins."""
    first = next(iter(ENCODERS))
    if not Path(weights).is_file():
        return first
    from optotype.nn.segment.deeplab_files import network_of
    from optotype.nn.weights import read_state

    return network_of(read_state(Path(weights))) or first
