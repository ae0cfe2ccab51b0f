"""How long it will take, from a few steps on a copy of the model before anything is decoded or changed."""

from __future__ import annotations

import time
from contextlib import nullcontext
from copy import deepcopy

import torch

from optotype.training.feed import Feed
from optotype.training.learning import Learning

TIMED = 2
"""Steps that are timed, after one to warm up; the faster one counts."""


def seconds_per_batch(feed: Feed, learning: Learning) -> tuple[float, float]:
    """Seconds of computing for one rank's share of a training batch, and of a measured one of the same size."""
    hardware, model = feed.hardware, feed.model
    module = deepcopy(model.module)
    share = -(-min(feed.config.batch_size, len(feed.train)) // feed.ranks.world)
    images = torch.zeros(share, 3, *model.shape, dtype=hardware.dtype, device=hardware.device)
    images = images.contiguous(memory_format=hardware.memory_format)

    def train() -> None:
        with hardware.autocast():
            loss = module(images).float().logsumexp(1).sum()
        loss.backward()
        module.zero_grad(set_to_none=True)

    def judge() -> None:
        with torch.inference_mode(), hardware.autocast():
            module(images)

    def timed() -> float:
        work = train if module.training else judge
        times = []
        for _ in range(1 + TIMED):
            hardware.synchronize()
            start = time.perf_counter()
            work()
            hardware.synchronize()
            times.append(time.perf_counter() - start)
        return min(times[1:])

    module.train()
    with learning.alone(module) if share == 1 else nullcontext():
        step = timed()
    module.eval()
    return step, timed()


def forecast(feed: Feed, epochs: int, batch: tuple[float, float], used: float) -> str:
    """The forecast in words: ``epochs`` still to come, from ``seconds_per_batch``, ``used`` seconds spent
    before.
    """
    train, judge = batch
    size = feed.config.batch_size
    measured = len(feed.sample) + len(feed.val)
    one = feed.batches_per_epoch * train + measured / size * judge
    total = one * epochs
    end = time.strftime("%H:%M", time.localtime(time.time() + total))
    text = (
        f"forecast: about {duration(total)} of computing, {duration(one)} an epoch "
        f"({1000 * train:.0f} ms a batch), until about {end}; decoding comes on top once"
    )
    budget = feed.config.budget
    if budget and used + total > budget:
        fit = (budget - used) / one
        text += (
            f". The budget of {duration(budget)} ends it after about {max(fit, 0):.1f} of these {epochs} "
            "epochs; the "
            "schedule is not shortened for that: lower --epochs for a whole one"
        )
    return text


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> [duration(s) for s in (0.4, 75, 7260)]
    ['0.4 s', '1 min 15 s', '2 h 1 min']
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
