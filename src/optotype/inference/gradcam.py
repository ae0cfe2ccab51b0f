"""Grad-CAM: which places of an image speak for a class (Selvaraju et al., ICCV 2017)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from optotype.errors import InputError
from optotype.inference.feeding import images
from optotype.inference.load import Loaded
from optotype.tables import Items, Labels

Maps = NDArray[np.uint8]
Seam = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]


def gradcam(
    loaded: Loaded,
    items: Items | Labels,
    classes: NDArray[Any],
    *,
    side: int = 64,
    batch_size: int = 64,
    threads: int = 0,
    cache: Path | None = None,
) -> Maps:
    """Heat maps (n, side, side) of class ``classes[i]`` (n,) on each item, 255 at the image's strongest place.

    ReLU(Σ_k α_k A_k) over the maps A of the last convolutional stage, where α_k is the mean over the places of the
    gradient of the class's logit; enlarged bilinearly, and stretched over the whole photo as the model saw it. A map of
    zeros says that no place speaks for the class. Each map is scaled by itself: brightness cannot be compared between
    images. Raises InputError for a model without such maps (see ``why_not``).
    """
    rows = items.items if isinstance(items, Labels) else items
    seam = _seam(loaded.model.module)
    if (reason := why_not(loaded)) or seam is None:
        expected = "a network with maps of places before its head"
        raise InputError("Grad-CAM", expected, str(reason), "Do without heat maps.")
    body, head = seam
    wanted = torch.as_tensor(np.asarray(classes, np.int64))
    assert wanted.shape == (len(rows),), "one class an item"
    found: list[Maps] = []
    start = 0
    with loaded.hardware.computing():
        for batch in images(loaded, rows, batch_size=batch_size, threads=threads, cache=cache):
            target = wanted[start : start + len(batch)].to(batch.device)
            found.append(_enlarged(_heat(body, head, batch, target), side))
            start += len(batch)
    return np.concatenate(found)


def why_not(loaded: Loaded) -> str | None:
    """Why there can be no heat maps of this model, or None where there can: tried on one made-up image."""
    name, size, module = loaded.model.name, loaded.model.size, loaded.model.module
    seam = _seam(module)
    if seam is None:
        return f"{name} does not say where its maps end and its head begins"
    trial = torch.linspace(-1, 1, 3 * size * size, device=loaded.hardware.device).reshape(1, 3, size, size)
    with loaded.hardware.computing(), torch.no_grad():
        maps = seam[0](trial)
        if not isinstance(maps, Tensor) or maps.ndim != 4:
            what = f"outputs of shape {tuple(maps.shape)}" if isinstance(maps, Tensor) else f"a {type(maps).__name__}"
            return f"the last stage of {name} gives {what}, no maps of places"
        if not torch.allclose(seam[1](maps.clone()), module(trial), rtol=1e-3, atol=1e-3):
            return f"{name} computes its logits from more than the maps of its last stage"
    return None


def _heat(body: Callable[[Tensor], Tensor], head: Callable[[Tensor], Tensor], batch: Tensor, classes: Tensor) -> Tensor:
    """ReLU(Σ_k α_k A_k), (b, h, w); gradients flow through the head alone."""
    with torch.no_grad():
        maps = body(batch)
    maps = maps.detach().requires_grad_()
    with torch.enable_grad():
        logits = head(maps.clone())  # a head may begin with an operation in place
        (gradient,) = torch.autograd.grad(logits.gather(1, classes[:, None]).sum(), maps)
    with torch.no_grad():
        return (gradient.mean((2, 3), keepdim=True) * maps).sum(1).float().relu()


def _enlarged(heat: Tensor, side: int) -> Maps:
    large = functional.interpolate(heat[:, None], (side, side), mode="bilinear", align_corners=False)[:, 0]
    most = large.amax((1, 2), keepdim=True)
    share = large / torch.where(most > 0, most, torch.ones_like(most))
    maps: Maps = (share * 255).round().to(torch.uint8).cpu().numpy()
    return maps


def _seam(module: nn.Module) -> Seam | None:
    """The network as body (images → maps) and head (maps → logits).

    timm's models say where; our own are a Sequential ``features``, flattened into ``head``, of which poolings at the
    end count to the head so that the maps are as fine as the last convolution's.
    """
    if hasattr(module, "forward_features") and hasattr(module, "forward_head"):
        body: Any = module.forward_features
        head: Any = module.forward_head
        if str(getattr(module, "output_fmt", "")).endswith("NHWC"):
            return (lambda x: body(x).permute(0, 3, 1, 2)), (lambda maps: head(maps.permute(0, 2, 3, 1)))
        return body, head
    layers, last = getattr(module, "features", None), getattr(module, "head", None)
    if not isinstance(layers, nn.Sequential) or not isinstance(last, nn.Module):
        return None
    end = len(layers)
    while end and isinstance(layers[end - 1], _POOLINGS):
        end -= 1
    maps, rest = layers[:end], layers[end:]
    return maps, lambda x: last(torch.flatten(rest(x), 1))


_POOLINGS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Dropout, nn.Identity)
