"""What a classifier has made of an image just before its last layer: the space in which it tells classes apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from optotype.errors import InputError
from optotype.inference.feeding import images
from optotype.inference.load import Loaded
from optotype.nn.built import classifier_of
from optotype.tables import Items, Labels
from optotype.training.task import LEARNING

Features = NDArray[np.float32]


def features(
    loaded: Loaded, items: Items | Labels, *, batch_size: int = 64, threads: int = 0, cache: Path | None = None
) -> Features:
    """Penultimate activations (n, d), float32, in the items' order: what the classifier's last layer is given.

    d is a property of the network: 512 for resnet18, 128 · ⌊s/16⌋² for small_cnn, whose head sees every place of its
    last maps. For timm's models these are ``forward_head(…, pre_logits=True)``. Pixels, precision and errors are those
    of ``inference.predict``; ``cache`` is a folder of decoded photos (training's saves decoding them again).
    """
    return described(loaded, items, batch_size=batch_size, threads=threads, cache=cache)[1]


def described(
    loaded: Loaded, items: Items | Labels, *, batch_size: int = 64, threads: int = 0, cache: Path | None = None
) -> tuple[Labels, Features]:
    """Probabilities and penultimate activations in one pass: as ``predict`` and ``features`` would give them."""
    rows = items.items if isinstance(items, Labels) else items
    layers, to_scores = last_layers(loaded), LEARNING[loaded.task].scores
    given: dict[int, Tensor] = {}
    hooks = [layer.register_forward_pre_hook(_keep(given, i)) for i, layer in enumerate(layers)]
    said: list[NDArray[np.float64]] = []
    found: list[Features] = []
    try:
        with loaded.hardware.computing(), torch.inference_mode():
            for batch in images(loaded, rows, batch_size=batch_size, threads=threads, cache=cache):
                said.append(to_scores(loaded.model.module(batch).float().cpu()).numpy())
                mean = torch.stack([given[i].float().flatten(1) for i in range(len(layers))]).mean(0)
                found.append(mean.cpu().numpy())
    finally:
        for hook in hooks:
            hook.remove()
    scores = np.concatenate(said)
    return Labels(rows, loaded.classes, scores.argmax(1).astype(np.int32), scores), np.concatenate(found)


def last_layers(loaded: Loaded) -> list[nn.Module]:
    """The layers whose outputs are the logits: one, or several whose logits are averaged (distilled transformers).

    Raises InputError where the model's head ends in none.
    """
    heads = classifier_of(loaded.model.module)
    heads = heads if isinstance(heads, tuple | list) else (heads,)
    found = [[m for m in head.modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1:] for head in heads]
    if not all(found):
        raise InputError(
            loaded.model.name, "a model whose logits come from a linear layer", type(heads[0]).__name__,
            "Its feature space cannot be shown; choose another model.",
        )  # fmt: skip
    return [layer for (layer,) in found]


def _keep(given: dict[int, Tensor], place: int) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        given[place] = inputs[0]

    return hook
