"""Checkpoints of DeepLabV3Plus-Pytorch (github.com/VainF/DeepLabV3Plus-Pytorch): their names as ours, what they are of.

That project saves ``{"model_state": tensors by name, "optimizer_state": …, "best_score": …}``. Its published ones
segment Cityscapes' 19 train ids or VOC's 21 classes, at 1/16 of the size.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

NAMES = {
    "backbone.low_level_features.": "encoder.blocks.",
    "backbone.high_level_features.": "encoder.blocks.",
    "backbone.": "encoder.",
    "classifier.project.": "project.",
    "classifier.aspp.": "pyramid.",
    "classifier.classifier.0.": "smooth.0.",
    "classifier.classifier.1.": "smooth.1.",
    "classifier.classifier.3.": "head.",
}
"""Beginning of a name in a checkpoint → in ``DeepLabV3Plus``; the first that fits is taken."""


def translated(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under our names, or as they are where the file is not of that project.

    >>> list(translated({"classifier.aspp.convs.0.0.weight": 0, "classifier.classifier.3.bias": 1}))
    ['pyramid.convs.0.0.weight', 'head.bias']
    """
    if not any(name.startswith("classifier.aspp.") for name in state):
        return dict(state)
    return {_ours(name): value for name, value in state.items()}


def network_of(state: Mapping[str, Tensor]) -> str | None:
    """The name of our network that a checkpoint of that project is of, or None where we have none."""
    if "classifier.aspp.project.0.weight" not in state:
        return None
    if "backbone.high_level_features.17.conv.0.0.weight" in state:
        return "deeplabv3plus_mobilenet"
    return "deeplabv3plus_resnet101" if "backbone.layer3.22.conv1.weight" in state else None


def _ours(name: str) -> str:
    theirs = next((theirs for theirs in NAMES if name.startswith(theirs)), "")
    return NAMES.get(theirs, "") + name.removeprefix(theirs)
