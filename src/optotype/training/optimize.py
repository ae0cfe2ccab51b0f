"""Optimizers, schedules and the moving average of the weights."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from optotype.nn.models import Model
from optotype.training.config import TrainConfig

ONECYCLE_RISE, ONECYCLE_START, ONECYCLE_END = 0.3, 25.0, 1e4
"""As torch's OneCycleLR: share of rising steps; peak / first rate; first / last rate."""


def optimizer(model: Model, config: TrainConfig, *, fused: bool) -> torch.optim.Optimizer:
    """The optimizer with two groups, head first: the head learns at ``lr``, the rest at ``backbone_lr``.

    Weight decay applies to every parameter, as torch's own default does; it is decoupled for adamw only. An empty
    group (a model that is all head) is left out.
    """
    named = list(model.module.named_parameters())
    head = [p for name, p in named if name in model.head and p.requires_grad]
    rest = [p for name, p in named if name not in model.head and p.requires_grad]
    rates = (config.lr, config.backbone_lr if config.backbone_lr is not None else config.lr)
    groups = [
        {"params": parameters, "lr": rate, "peak": rate, "head": is_head}
        for parameters, rate, is_head in ((head, rates[0], True), (rest, rates[1], False))
        if parameters
    ]
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            groups, momentum=config.momentum, weight_decay=config.weight_decay, nesterov=config.momentum > 0,
            fused=fused,
        )  # fmt: skip
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, weight_decay=config.weight_decay, fused=fused)
    return torch.optim.Adam(groups, weight_decay=config.weight_decay, fused=fused)


def freeze(model: Model) -> None:
    """Keep what shrinks the image as it is, or of a classifier all but the head."""
    for name, parameter in model.module.named_parameters():
        frozen = name in model.encoder if model.task == "segment" else name not in model.head
        if frozen:
            parameter.requires_grad_(False)


def set_rates(chosen: torch.optim.Optimizer, factor: float) -> tuple[float, float]:
    """Give each group its peak rate times ``factor``; returns the rates of head and backbone."""
    rates = {}
    for group in chosen.param_groups:
        group["lr"] = rates[group["head"]] = group["peak"] * factor
    head = rates.get(True, rates.get(False, 0.0))
    return head, rates.get(False, head)


def schedule(config: TrainConfig, steps_per_epoch: int) -> Callable[[int], float]:
    """Step (from 0) → factor of the peak rate, a pure function, so that a resumed run needs no state for it.

    ``onecycle`` as torch's OneCycleLR (Smith 2018) without its cycling of the momentum; ``cosine`` falls to 0
    after the last step; ``poly`` as the share of steps that are left, to the power ``poly_power``; ``step``
    multiplies by ``step_factor`` every ``step_epochs``. All but the first begin with a linear warm-up, as
    ``constant`` does.
    """
    total = config.epochs * steps_per_epoch
    warm = round(config.warmup_epochs * steps_per_epoch)

    def factor(step: int) -> float:
        if config.schedule == "onecycle":
            return _onecycle(step, total)
        if step < warm:
            return (step + 1) / (warm + 1)
        if config.schedule == "cosine":
            return (1 + math.cos(math.pi * (step - warm) / max(1, total - warm))) / 2
        if config.schedule == "poly":
            return float(max(0.0, 1 - (step - warm) / max(1, total - warm)) ** config.poly_power)
        if config.schedule == "step":
            return float(config.step_factor ** (step // steps_per_epoch // config.step_epochs))
        return 1.0

    return factor


def _onecycle(step: int, total: int) -> float:
    first, last = 1 / ONECYCLE_START, 1 / ONECYCLE_START / ONECYCLE_END
    peak = ONECYCLE_RISE * total - 1
    if step <= peak:
        return _between(first, 1.0, step / peak if peak else 1.0)
    return _between(1.0, last, (step - peak) / (total - 1 - peak))


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


class MovingAverage:
    """The exponential moving average of a module's weights and buffers.

    The decay of update t is min(``decay``, (1 + t) / (10 + t)), so that a short run is not held at its random
    start. Whole-number buffers are copied. ``module`` holds the averages and is never trained.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        from copy import deepcopy

        self.module = deepcopy(module).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take in the weights after a step."""
        self.updates += 1
        share = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        current = module.state_dict()
        for name, average in self.module.state_dict().items():
            if average.is_floating_point():
                average.lerp_(current[name].to(average.dtype), share)
            else:
                average.copy_(current[name])
