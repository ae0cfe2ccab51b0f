"""The settings of one training run: one frozen struct, typed by its schema, no torch."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

FORMAT = "optotype.config/1"

Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
NonNegative = Annotated[float, Meta(ge=0)]
Rate = Annotated[float, Meta(gt=0)]
Side = Annotated[int, Meta(ge=8)]
Shape = Annotated[str, Meta(pattern=r"^([89]|[1-9]\d+)x([89]|[1-9]\d+)$")]

_TERM = r"(\d*\.?\d+\*)?(cross_entropy|focal|dice)"


class Augment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Random changes of the training images; the neutral values (the defaults) change nothing."""

    crop: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """Least share of the area that a random resized crop keeps; 1 = no crop."""
    flip: Share = 0.0
    """Probability of a left-right flip."""
    flip_vertical: Share = 0.0
    """Probability of an upside-down flip."""
    rotation: Annotated[float, Meta(ge=0, le=180)] = 0.0
    """Greatest rotation either way, degrees."""
    scale: Annotated[float, Meta(ge=0, le=3)] = 0.0
    """Zoom from 1 / (1 + this) to 1 + this at a random place; what lies beyond the image is black, and of no class."""
    brightness: NonNegative = 0.0
    """Brightness factor drawn from 1 ± this; likewise contrast and saturation."""
    contrast: NonNegative = 0.0
    saturation: NonNegative = 0.0
    hue: Annotated[float, Meta(ge=0, le=0.5)] = 0.0
    """Hue turned by up to this share of the circle."""
    randaugment: Count = 0
    """Number of RandAugment operations per image; 0 = none."""
    randaugment_magnitude: Annotated[int, Meta(ge=0, le=30)] = 9
    erasing: Share = 0.0
    """Probability of erasing a random rectangle."""


class TrainConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that decides how a model is trained."""

    format: Literal["optotype.config/1"] = "optotype.config/1"
    task: Literal["classify", "segment"] = "classify"
    data: str
    """Folder, CSV manifest or the name of a catalogued data set."""
    model: str
    """'small_cnn' or any timm model; segment: 'acuity', 'unet' and others."""
    weights: str = "none"
    """'none' (random), 'hub' (pretrained, downloaded), or a weights file."""
    epochs: Positive = 10
    batch_size: Positive = 32
    size: Side | Shape = 224
    """Side of the square input, pixels; segment: also HEIGHTxWIDTH, such as 360x480."""
    seed: Count = 0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    lr: Rate = 1e-3
    backbone_lr: Rate | None = None
    """Rate of everything but the head; null = the same as lr."""
    weight_decay: NonNegative = 1e-4
    momentum: Share = 0.9
    freeze: bool = False
    """Leave the backbone as it is: what shrinks the image (segment), everything but the head (classify)."""
    schedule: Literal["constant", "onecycle", "cosine", "step", "poly"] = "onecycle"
    warmup_epochs: NonNegative = 0.0
    """Linear warm-up before all but one-cycle, which has its own."""
    step_epochs: Positive = 5
    step_factor: Share = 0.1
    poly_power: NonNegative = 0.9
    loss: Annotated[str, Meta(pattern=rf"^{_TERM}(\+{_TERM})*$")] = "cross_entropy"
    """Segment: cross_entropy, focal, dice or a weighted sum of them, such as cross_entropy+0.5*dice."""
    focal_gamma: NonNegative = 2.0
    label_smoothing: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    class_weights: Literal["none", "inverse", "median", "effective"] = "none"
    """Of the loss, by the frequency of the classes among items (classify) or pixels (segment)."""
    effective_beta: Annotated[float, Meta(ge=0, lt=1)] = 0.999
    """Of the effective number of items (segment: pixels in units of images)."""
    void: Literal["ignore", "background"] = "ignore"
    """Segment: pixels of no class do not count, or are taken as the first class."""
    mixup: NonNegative = 0.0
    """Alpha of the Beta distribution; 0 = off."""
    cutmix: NonNegative = 0.0
    clip_norm: NonNegative = 0.0
    """Greatest gradient norm; 0 = no clipping."""
    accumulate: Positive = 1
    """Batches whose gradients are added before a step."""
    ema: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    """Decay of the moving average of the weights that is then judged; 0 = off."""
    best: Literal["auto", "loss", "miou"] = "auto"
    """What makes an epoch the best: its validation loss, or its mean IoU; auto = loss (classify), miou (segment)."""
    patience: Count = 0
    """Epochs without a better one before stopping; 0 = never."""
    budget: NonNegative = 0.0
    """Seconds after which training ends with the best so far; 0 = no limit."""
    checkpoint_seconds: NonNegative = 300.0
    """Least time between checkpoints inside an epoch; each epoch ends with one anyway."""
    threads: Count = 0
    """CPU threads; 0 = all cores this process may use."""
    augment: Augment = Augment()
    log: list[Literal["wandb", "tensorboard", "mlflow"]] = []

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the input, pixels.

        >>> TrainConfig(data="camvid", model="unet", size="360x480").shape
        (360, 480)
        """
        if isinstance(self.size, int):
            return self.size, self.size
        height, _, width = self.size.partition("x")
        return int(height), int(width)
