"""What building a network gives, whoever's it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import nn

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Built:
    """A network, the mean and deviation that normalise its RGB in 0–1, and where pretrained weights come from."""

    module: nn.Module
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    weights: dict[str, str] = field(default_factory=lambda: {"source": "none"})


def classifier_of(module: nn.Module) -> Any:
    """What a network says its classifier is, as timm's do: a layer, or several in a tuple."""
    method: Any = module.get_classifier
    return method()


def first_line(error: Exception) -> str:
    """An error of a library in a line."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}"
