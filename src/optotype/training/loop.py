"""The loop: epochs, batches, steps. One for every task; what differs is a ``Learning`` record."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

import msgspec
import torch
from torch import Tensor, nn

from optotype.diagnose.epochs import EpochRow, EpochTime, Score
from optotype.errors import TrainingError
from optotype.training.feed import Feed, Rows
from optotype.training.keeping import Keeper
from optotype.training.keys import MIX, STEP, seed_all
from optotype.training.learning import Learning
from optotype.training.loader import Batch
from optotype.training.measure import measure
from optotype.training.norms import keep_frozen
from optotype.training.optimize import MovingAverage, set_rates
from optotype.training.ranks import AGREE_EVERY
from optotype.training.state import Position
from optotype.training.step_times import Stopwatch
from optotype.training.stopping import Clock, cost

LOOK_EVERY = 16
"""On a GPU, steps between two looks at the loss; each look waits for the device."""

OnStep = Callable[[int, int, int, float], None]
Stopped = Literal["", "interrupt", "budget"]


@dataclass
class Loop:
    """A model in training.

    ``wrapped`` is what runs forward in training (the module itself, or DDP around it). ``factor`` is the
    schedule.
    """

    feed: Feed
    learning: Learning
    wrapped: nn.Module
    optimizer: torch.optim.Optimizer
    average: MovingAverage | None
    factor: Callable[[int], float]
    class_weights: Tensor | None
    position: Position
    clock: Clock
    keeper: Keeper
    on_step: OnStep
    _saved: float = field(default_factory=time.monotonic)
    _rates: tuple[float, float] = (0.0, 0.0)
    _pending: Tensor | None = None

    @property
    def module(self) -> nn.Module:
        """The network that learns."""
        return self.feed.model.module

    @property
    def judged(self) -> nn.Module:
        """The network that is judged: the moving average where there is one."""
        return self.module if self.average is None else self.average.module

    def epoch(self) -> tuple[EpochRow | None, Stopped]:
        """Train to the end of the current epoch and measure.

        Without a row the loop was stopped inside the epoch; the position stays there. When the budget ends before
        any epoch has, the part that was done is measured, so that there is a model to show; the position stays
        there.
        """
        started = time.monotonic()
        stopwatch = Stopwatch(self.feed.hardware)
        items = self.position.items
        stopped = self._train(stopwatch)
        whole = self.position.batch == self.feed.batches_per_epoch
        if not whole and not (stopped == "budget" and self.position.best_epoch == 0 and self.position.step):
            return None, stopped
        self.feed.hardware.synchronize()
        trained = time.monotonic() - started
        row = self._measured(whole)
        row_time = EpochTime(
            seconds=time.monotonic() - started,
            images_per_second=(self.position.items - items) * self.feed.ranks.world / max(trained, 1e-9),
            step=stopwatch.means(),
        )
        if whole:
            self._advance(row)
        return msgspec.structs.replace(row, time=row_time), stopped

    def keep(self) -> None:
        """Write a checkpoint of where the loop is, between two steps."""
        self.keeper.keep(self.module, self.optimizer, self.average, self._shared())
        self._saved = time.monotonic()

    def over(self) -> bool:
        """Whether the first rank's budget is used up; all ranks must ask."""
        return self.feed.ranks.any(self.feed.ranks.first and self.clock.over)

    def interrupted(self) -> bool:
        """Whether some rank was asked to stop; all ranks must ask."""
        return self.feed.ranks.any(self.clock.interrupted)

    def _train(self, stopwatch: Stopwatch) -> Stopped:
        """Steps until the epoch ends or somebody stops it."""
        self.wrapped.train()
        keep_frozen(self.module)
        position, total = self.position, self.feed.batches_per_epoch
        accumulate = self.feed.config.accumulate
        with closing(cast(Any, iter(self.feed.training(position.epoch, position.batch)))) as batches:
            while position.batch < total:
                count = min(accumulate, total - position.batch)
                loss = self._step(batches, count, stopwatch)
                self._look(loss)
                stopped = self._between()
                if stopped:
                    return stopped
        return ""

    def _step(self, batches: Iterator[Batch], count: int, stopwatch: Stopwatch) -> Tensor:
        """One optimisation step over ``count`` batches; returns the sum of this rank's losses.

        The loss is the mean over the items of all those batches and ranks: sums are divided by their number,
        which is known beforehand, and DDP's averaging over ranks is undone.
        """
        feed, config, position = self.feed, self.feed.config, self.position
        first = position.batch * config.batch_size
        items = min((position.batch + count) * config.batch_size, len(feed.train)) - first
        seed_all(STEP, config.seed, position.epoch, position.batch, feed.ranks.rank)
        self._rates = set_rates(self.optimizer, self.factor(position.step))
        stopwatch.begin(position.step)
        total = torch.zeros((), dtype=torch.float64, device=feed.hardware.exact)
        for i in range(count):
            batch = next(batches)
            images, labels = (t.to(feed.hardware.device, non_blocking=True) for t in (batch.images, batch.labels))
            stopwatch.mark("data")
            with self._synchronised(last=i == count - 1):
                loss = self._loss(images, labels, position.batch + i)
                stopwatch.mark("forward")
                self._check(loss, position.step)
                (loss * (feed.ranks.world / items)).backward()  # type: ignore[no-untyped-call]
                stopwatch.mark("backward")
            total += loss.detach().to(total.device)
            position.items += len(labels)
        if config.clip_norm:
            nn.utils.clip_grad_norm_(self.module.parameters(), config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update(self.module)
        stopwatch.mark("optimizer")
        position.batch += count
        position.step += 1
        return total

    def _loss(self, images: Tensor, labels: Tensor, batch: int) -> Tensor:
        """Sum of the losses of one batch; for an empty share 0 with a gradient, so that all ranks step alike."""
        feed, config = self.feed, self.feed.config
        if not len(labels):
            images = torch.zeros((1, *images.shape[1:]), dtype=images.dtype, device=images.device)
        key = (MIX, config.seed, self.position.epoch, batch, feed.ranks.rank)
        fed, targets = images, labels
        if len(labels):
            fed, targets = self.learning.prepare(images, labels, feed.model.classes, config, key)
        with feed.hardware.autocast(), self.learning.alone(self.module) if len(images) == 1 else nullcontext():
            outputs = self.wrapped(fed)
        if not len(labels):
            return outputs.float().sum() * 0.0  # type: ignore[no-any-return]
        return self.learning.loss(outputs, targets, config, self.class_weights)

    def _synchronised(self, *, last: bool) -> AbstractContextManager[Any]:
        """Gradients are exchanged in the last backward pass of a step only."""
        if self.feed.ranks.world == 1 or last:
            return nullcontext()
        return self.wrapped.no_sync()  # type: ignore[operator,no-any-return]

    def _check(self, loss: Tensor, step: int) -> None:
        """Stop before a loss that is no number spoils the weights; on a GPU, look at some steps only."""
        if self.feed.hardware.kind != "cpu" and step % LOOK_EVERY:
            return
        if not math.isfinite(loss.item()):
            raise diverged("loss", loss.item(), self.position, self._rates[0])

    def _look(self, total: Tensor) -> None:
        """Add to the epoch's objective and tell whoever listens."""
        position, config = self.position, self.feed.config
        self._pending = total if self._pending is None else self._pending + total
        if self.feed.hardware.kind != "cpu" and position.step % LOOK_EVERY:
            return
        self._settle()
        steps = -(-self.feed.batches_per_epoch // config.accumulate)
        done = -(-position.batch // config.accumulate)
        self.on_step(position.epoch + 1, done, steps, position.objective / max(1, position.items))

    def _settle(self) -> None:
        if self._pending is not None:
            self.position.objective += float(self._pending)
            self._pending = None

    def _between(self) -> Stopped:
        """Between two steps: save from time to time, and stop if somebody wants to; all ranks agree."""
        ranks, position = self.feed.ranks, self.position
        if ranks.world > 1 and position.step % AGREE_EVERY:
            return ""
        due = time.monotonic() - self._saved >= self.feed.config.checkpoint_seconds
        wishes = [self.clock.interrupted, ranks.first and self.clock.over, ranks.first and due]
        if ranks.world > 1:
            wishes = [wish > 0 for wish in ranks.total(torch.tensor(wishes, dtype=torch.float64))]
        interrupted, over, due = wishes
        if interrupted or over or (due and position.batch < self.feed.batches_per_epoch):
            self.keep()
        return "interrupt" if interrupted else "budget" if over else ""

    def _shared(self) -> Position:
        """The position with the objective of all ranks, the seconds brought up to date."""
        self._settle()
        position = self.position
        sums = torch.tensor([position.objective, position.items], dtype=torch.float64)
        objective, items = self.feed.ranks.total(sums)
        return replace(position, objective=objective, items=int(items), elapsed=self.clock.elapsed)

    def _measured(self, whole: bool) -> EpochRow:
        feed, position = self.feed, self._shared()
        self._rates = set_rates(self.optimizer, self.factor(position.step - 1))
        feed.ranks.share_buffers(self.judged)
        train = self._score(feed.sample)
        val = self._score(feed.val) if len(feed.val) else None
        for name, score in (("training loss", train), ("validation loss", val)):
            if score is not None and not math.isfinite(score.loss):
                raise diverged(name, score.loss, position, self._rates[0])
        best = val is None or cost(val, feed.config) < position.best_loss
        return EpochRow(
            epoch=position.epoch + 1,
            steps=position.step,
            lr=self._rates[0],
            backbone_lr=self._rates[1],
            objective=position.objective / max(1, position.items),
            train=train,
            val=val,
            best=best,
            time=EpochTime(0.0, 0.0, Stopwatch(feed.hardware).means()),
            whole=whole,
        )

    def _score(self, rows: Rows) -> Score:
        feed = self.feed
        return measure(
            self.judged, feed.measuring(rows), self.learning, feed.model.classes, feed.hardware, feed.ranks
        )  # fmt: skip

    def _advance(self, row: EpochRow) -> None:
        """Stand at the beginning of the next epoch."""
        position = self.position
        position.epoch, position.batch = row.epoch, 0
        position.objective, position.items = 0.0, 0
        position.stale = 0 if row.best else position.stale + 1
        position.elapsed = self.clock.elapsed
        if row.best:
            position.best_epoch = row.epoch
            position.best_loss = cost(row.val, self.feed.config) if row.val else math.inf


def diverged(what: str, value: float, position: Position, rate: float) -> TrainingError:
    """The error for a loss that is no number."""
    kept = f"epoch {position.best_epoch}, the best so far, is saved" if position.best_epoch else "no epoch was finished"
    return TrainingError(
        f"epoch {position.epoch + 1}, step {position.step + 1}: the {what} is {value} (learning rate {rate:.3g}); "
        f"{kept}.\n  to do:    lower --lr, or clip gradients (--set clip_norm=1), or add warm-up "
        "(--set warmup_epochs=1); if you chose bfloat16, try --set precision=float32"
    )
