"""Mixup and CutMix: two images of a batch in one, and the targets with them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from optotype.training.keys import generator


def mix(
    images: Tensor, labels: Tensor, *, classes: int, mixup: float, cutmix: float, key: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """Mix each image (b, 3, h, w) with another of the batch; ``labels`` (b,) become shares of classes (b, K).

    One share λ ~ Beta(α, α) a batch, with α = ``mixup`` or ``cutmix``; where both are on, a fair coin decides for
    the batch. With both 0, or a single image, nothing changes and the labels stay class indices. Everything is
    drawn from ``key``. Sources: Zhang et al. 2018 (mixup); Yun et al. 2019 (CutMix; λ is corrected for the
    box's part outside the image).
    """
    b = len(images)
    if (mixup <= 0 and cutmix <= 0) or b < 2:
        return images, labels
    draw = generator(*key)
    partner = torch.from_numpy(draw.permutation(b)).to(images.device)
    cut = cutmix > 0 and (mixup <= 0 or draw.random() < 0.5)
    alpha = cutmix if cut else mixup
    share = float(draw.beta(alpha, alpha))
    if cut:
        images, share = _cut(images, partner, share, draw)
    else:
        images = images * share + images[partner] * (1 - share)
    targets = functional.one_hot(labels, classes).float()
    return images, targets * share + targets[partner] * (1 - share)


def _cut(images: Tensor, partner: Tensor, share: float, draw: np.random.Generator) -> tuple[Tensor, float]:
    h, w = images.shape[-2:]
    half = np.sqrt(1 - share) / 2
    y, x = draw.integers(h), draw.integers(w)
    top, bottom = (int(np.clip(round(y + side * half * h), 0, h)) for side in (-1, 1))
    left, right = (int(np.clip(round(x + side * half * w), 0, w)) for side in (-1, 1))
    mixed = images.clone(memory_format=torch.preserve_format)
    mixed[..., top:bottom, left:right] = images[partner][..., top:bottom, left:right]
    return mixed, 1 - (bottom - top) * (right - left) / (h * w)
