"""Batch normalisation where it has too little to normalise by, or is not to learn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


def keep_frozen(module: nn.Module) -> None:
    """Let the running statistics of frozen normalisations be, as their weights are."""
    for norm in module.modules():
        weights = list(norm.parameters(recurse=False))
        if isinstance(norm, nn.modules.batchnorm._BatchNorm) and weights and not weights[0].requires_grad:
            norm.eval()


@contextmanager
def steady_norms(module: nn.Module) -> Iterator[None]:
    """Let batch normalisation use its running statistics: a single image has no variance to normalise by."""
    norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.training]
    for norm in norms:
        norm.eval()
    try:
        yield
    finally:
        for norm in norms:
            norm.train()


@contextmanager
def steady_lone_norms(module: nn.Module) -> Iterator[None]:
    """As ``steady_norms``, of those alone that meet one number a channel: the pixels of an image do have a variance,
    and a network of label maps that is fed one by one must learn from it.
    """
    lone: list[nn.Module] = []

    def look(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if norm.training and inputs[0].numel() == inputs[0].shape[1]:
            lone.append(norm.eval())

    norms: list[Any] = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    hooks = [norm.register_forward_pre_hook(look) for norm in norms]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for norm in lone:
            norm.train()
