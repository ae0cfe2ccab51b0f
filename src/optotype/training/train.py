"""Training one model in a run folder: begin or go on, loop, keep the best, and write down what it predicts."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from optotype.architecture import record
from optotype.architecture.from_torch.tracing import describe_module
from optotype.diagnose.epochs import EpochRow, Score
from optotype.errors import InputError
from optotype.files import write_atomic
from optotype.nn.hardware import Hardware, choose
from optotype.nn.models import Model, create
from optotype.runs import RunFolder
from optotype.tables import Masks
from optotype.training import environment, guarding, loggers
from optotype.training.balance import class_weights
from optotype.training.cache import ImageCache, shared_folder
from optotype.training.config import TrainConfig
from optotype.training.feed import Feed, Truth, rows_of, sample_of
from optotype.training.forecast import duration, forecast, seconds_per_batch
from optotype.training.keeping import Keeper, begin
from optotype.training.log import Log
from optotype.training.loop import Loop, OnStep
from optotype.training.optimize import MovingAverage, freeze, optimizer, schedule
from optotype.training.ranks import Ranks, joined
from optotype.training.settings import write_config
from optotype.training.sheets import Shown, write_sheets
from optotype.training.state import Position, fingerprint, restore, same_data
from optotype.training.stopping import DECIDES, Clock, decides, listening
from optotype.training.task import LEARNING

Say = Callable[[str], None]
OnEpoch = Callable[[EpochRow], None]
State = dict[str, Any]

PREDICTIONS, VALIDATION_PREDICTIONS = "predictions", "predictions_val"
"""Names of files, or of folders of label maps, without their endings."""


@dataclass(frozen=True)
class Trained:
    """What came of it: the epochs, the best of them (from 1), why it ended (``epochs``, ``patience`` or
    ``budget``), the split that ``folder.predictions`` is about, and which weights it began with.
    """

    folder: RunFolder
    rows: Sequence[EpochRow]
    best_epoch: int
    ended: str
    judged: str
    weights: Mapping[str, str]


def train(
    data: Truth,
    config: TrainConfig,
    folder: RunFolder,
    *,
    resume: bool = False,
    origins: Mapping[str, str] | None = None,
    say: Say | None = None,
    on_epoch: OnEpoch | None = None,
    on_step: OnStep | None = None,
    cache: Path | None = None,
) -> Trained:
    """Train a model on the items of ``data`` in split train, keep the best by the validation split, predict the test
    split.

    ``folder`` receives config.yaml, env.json, data.csv (where it is not there yet), log.jsonl, curves.csv,
    sheets/, checkpoints/, predictions.npz (of the split test, else val) and predictions_val.npz, or folders of label
    maps of these names. ``origins`` names where each setting comes from. ``say`` is told a line, ``on_epoch`` each row,
    ``on_step`` (epoch, step, steps, mean loss so far in the epoch), all on the first rank only. ``cache`` is where
    decoded photos are kept (the user's cache folder).

    With ``resume`` the run goes on from its last checkpoint, on the same machine to the same bits; a run
    without one begins anew. Under torchrun the processes share the batches. The first SIGINT or SIGTERM saves
    the state and raises KeyboardInterrupt. Raises InputError for unusable data, settings or weights and for a
    full disk, TrainingError when the loss is no longer a number.
    """
    ranks = Ranks.of_environment()
    tell: Say = say if say is not None and ranks.first else _nobody
    data = data.take(np.argsort(data.items.key, kind="stable"))
    warnings = guarding.guard(data, config)
    loggers.require(config.log)
    hardware = choose(
        config.device,
        config.precision,
        threads=config.threads,
        local_rank=ranks.local,
        local_ranks=ranks.local_world,
    )
    clock = Clock(config.budget)
    images = cache or shared_folder()
    with _full_disk(folder), hardware.computing(), joined(ranks, hardware), listening(clock):
        state, notes = begin(folder, config, resume=resume)
        ranks.barrier()
        model = _model(data, config, state)
        feed = _feed(data, config, model, hardware, ranks, images)
        if state is not None:
            same_data(state, _fingerprint(feed))
        warnings += guarding.guard_classes(data.classes, feed.frequencies)
        for split, rows in (("val", feed.val), ("test", feed.test)):
            guarding.guard_judged(split, LEARNING[config.task].frequencies(feed.targets, rows, len(data.classes)), rows)
        done = _run(
            feed, folder, state, clock, [*warnings, *notes, *feed.warnings], origins or {}, tell,
            on_epoch if ranks.first else None, on_step if on_step and ranks.first else _nobody,
        )  # fmt: skip
    if clock.interrupted:
        raise KeyboardInterrupt
    return done


def _run(
    feed: Feed,
    folder: RunFolder,
    state: State | None,
    clock: Clock,
    warnings: Sequence[str],
    origins: Mapping[str, str],
    tell: Say,
    on_epoch: OnEpoch | None,
    on_step: OnStep,
) -> Trained:
    """Everything between joining the other ranks and leaving them; nothing that holds their group outlives it."""
    config, first = feed.config, feed.ranks.first
    keeper = Keeper.of(folder, feed, _fingerprint(feed), writes=first)
    loop = _loop(feed, state, clock, keeper, on_step)
    log = Log(folder, loop.position.epoch, writes=first)
    for line in (*(f"warning: {text}" for text in warnings), *_plan(loop)):
        tell(line)
    if first:
        _write_beginning(folder, feed, origins, tell)
        keeper.mend_best(loop.judged, loop.position)
        if left := config.epochs - loop.position.epoch:
            tell(forecast(feed, left, seconds_per_batch(feed, loop.learning), clock.elapsed))
    logging = loggers.Loggers(config.log if first else [], folder, config, tell)
    ended = _epochs(loop, log, keeper, logging, tell, on_epoch)
    return _finish(loop, log, keeper, logging, folder, ended, tell)


def _model(data: Truth, config: TrainConfig, state: State | None) -> Model:
    """The model at the beginning; on resuming its weights come from the state, and no file or network is
    needed.
    """
    weights = config.weights if state is None else "none"
    model = create(
        config.model, len(data.classes), config.shape, task=config.task, weights=weights, seed=config.seed
    )  # fmt: skip
    if config.freeze:
        freeze(model)
    return model if state is None else replace(model, weights=state["meta"]["weights"])


def _feed(data: Truth, config: TrainConfig, model: Model, hardware: Hardware, ranks: Ranks, cache: Path) -> Feed:
    learning, train_rows = LEARNING[config.task], rows_of(data, "train")
    paths = [data.items.file(i) for i in range(len(data))]
    images = ImageCache.build(paths, config.shape, folder=cache, threads=hardware.threads)
    targets = learning.targets(data, config, cache, hardware.threads)
    return Feed(
        cache=images,
        truth=data,
        targets=targets,
        train=train_rows,
        val=rows_of(data, "val"),
        test=rows_of(data, "test"),
        sample=sample_of(train_rows, config.seed, learning.sample),
        frequencies=learning.frequencies(targets, train_rows, len(data.classes)),
        config=config,
        model=model,
        hardware=hardware,
        ranks=ranks,
    )


def _loop(feed: Feed, state: State | None, clock: Clock, keeper: Keeper, on_step: OnStep) -> Loop:
    config, hardware, module = feed.config, feed.hardware, feed.model.module
    hardware.place(module)
    chosen = optimizer(feed.model, config, fused=hardware.kind != "mps")
    average = MovingAverage(module, config.ema) if config.ema else None
    position = Position() if state is None else restore(state, module, chosen, average)
    clock.before = position.elapsed
    weights = class_weights(feed.frequencies, config)
    return Loop(
        feed=feed,
        learning=LEARNING[config.task],
        wrapped=feed.ranks.wrap(module, hardware),
        optimizer=chosen,
        average=average,
        factor=schedule(config, -(-feed.batches_per_epoch // config.accumulate)),
        class_weights=None if weights is None else torch.from_numpy(weights).to(hardware.device),
        position=position,
        clock=clock,
        keeper=keeper,
        on_step=on_step,
    )


def _plan(loop: Loop) -> list[str]:
    """Data, model, device and plan in words."""
    feed, config, position = loop.feed, loop.feed.config, loop.position
    steps = -(-feed.batches_per_epoch // config.accumulate)
    rates = f"{config.lr:g}" if config.backbone_lr is None else f"{config.lr:g} (head), {config.backbone_lr:g}"
    measured = (
        "all training items"
        if len(feed.sample) == len(feed.train)
        else f"a fixed sample of {len(feed.sample):,} of them"
    )
    ranks = f" on {feed.ranks.world} processes" if feed.ranks.world > 1 else ""
    at = f"going on at epoch {position.epoch + 1}, batch {position.batch + 1}; " if position.step else ""
    return [
        f"data: {len(feed.train):,} train, {len(feed.val):,} val, {len(feed.test):,} test; "
        f"{len(feed.truth.classes)} classes",
        feed.model.line(),
        feed.hardware.line(),
        f"plan: {at}{config.epochs} epochs of {steps} steps of {config.batch_size * config.accumulate} "
        f"items{ranks}; "
        f"{config.optimizer} at {rates}, {config.schedule}; train curves are measured on {measured}, in eval mode "
        "without augmentation",
    ]


def _write_architecture(folder: RunFolder, model: Model, tell: Say) -> None:
    """The layer table; a model that cannot be laid open is trained all the same."""
    try:
        table = describe_module(model.module, (3, *model.shape), name=model.name)
    except Exception as error:  # noqa: BLE001 — whatever it is, it is no reason not to train
        tell(f"warning: no layer table of {model.name}: {(str(error).splitlines() or [''])[0]}")
    else:
        write_atomic(folder.architecture, record.encode(table))


def _write_beginning(folder: RunFolder, feed: Feed, origins: Mapping[str, str], tell: Say) -> None:
    folder.path.mkdir(parents=True, exist_ok=True)
    config = feed.config
    if not folder.config.is_file():
        write_config(folder.config, config, origins)
    if not folder.data.is_file():
        LEARNING[config.task].keep(folder.data, feed.truth)
    if not folder.architecture.is_file():
        _write_architecture(folder, feed.model, tell)
    now = environment.describe(feed.hardware, feed.ranks, feed.model)
    if folder.env.is_file():
        before = msgspec.json.decode(folder.env.read_bytes())
        if changed := environment.differences(before, now):
            tell("warning: not the machine of the beginning, the bits may differ: " + "; ".join(changed))
    write_atomic(folder.env, msgspec.json.format(msgspec.json.encode(now), indent=1) + b"\n")
    if not (folder.sheets / "sheets.json").is_file():
        write_sheets(
            folder, feed.cache, feed.train, _shown(feed), augment=config.augment, seed=config.seed,
            batch_size=config.batch_size, mean=feed.model.mean,
        )  # fmt: skip


def _shown(feed: Feed) -> Shown:
    """What the sheets say of each item: its class, or the classes of its pixels."""
    truth = feed.truth
    if isinstance(truth, Masks):
        assert isinstance(feed.targets, ImageCache), "label maps"
        return Shown(truth.items.key.tolist(), feed.targets, truth.colours)
    return Shown([truth.classes[i] for i in truth.label.tolist()])


def _fingerprint(feed: Feed) -> str:
    marks = LEARNING[feed.config.task].marks(feed.targets)
    return fingerprint(feed.truth.classes, feed.truth.items, marks)


def _epochs(loop: Loop, log: Log, keeper: Keeper, logging: loggers.Loggers, tell: Say, on_epoch: OnEpoch | None) -> str:
    """Epoch after epoch; returns why it ended. A row is on the disk before the checkpoint that counts it, and
    that one before the best model, so that a kill in between loses nothing and leaves nothing from a lost
    future.
    """
    config, position = loop.feed.config, loop.position
    while position.epoch < config.epochs:
        if config.patience and position.stale >= config.patience:
            return "patience"
        if position.best_epoch and loop.over():
            return "budget"
        row, stopped = loop.epoch()
        if row is not None:
            log.append(row)
            if row.whole:
                loop.keep()
            if row.best:
                keeper.keep_best(loop.judged, row.epoch)
            tell(_line(row, config))
            logging.epoch(row)
            if on_epoch is not None:
                on_epoch(row)
        if loop.interrupted():
            tell(f"interrupted in epoch {position.epoch + 1}; the state is saved: go on with --resume")
            raise KeyboardInterrupt
        if stopped == "budget":
            return "budget"
    return "epochs"


def _line(row: EpochRow, config: TrainConfig) -> str:
    epochs = config.epochs
    val = f", val {_told(row.val)}" if row.val else ""
    mark = " (best so far)" if row.best and row.val else ""
    part = "" if row.whole else ", cut short by the budget"
    left = (epochs - row.epoch) * row.time.seconds
    ahead = f", {duration(left)} left" if left and row.whole else ""
    return (
        f"epoch {row.epoch}/{epochs}: loss / accuracy{'' if row.train.miou is None else ' / mIoU'} "
        f"train {_told(row.train)}{val}{mark}; "
        f"{row.time.images_per_second:.0f} images/s{part}{ahead}"
    )


def _told(score: Score) -> str:
    miou = "" if score.miou is None else f" / {score.miou:.1%}"
    return f"{score.loss:.4f} / {score.accuracy:.1%}{miou}"


def _finish(
    loop: Loop, log: Log, keeper: Keeper, logging: loggers.Loggers, folder: RunFolder, ended: str, tell: Say
) -> Trained:
    """Load the best model and write what it predicts."""
    feed = loop.feed
    feed.ranks.barrier()
    best = keeper.best()
    feed.model.module.load_state_dict(best["model"])
    judged = "test" if len(feed.test) else "val"
    for split, rows in (("test", feed.test), ("val", feed.val)):
        if not len(rows):
            continue
        names = [PREDICTIONS] * (split == judged) + [VALIDATION_PREDICTIONS] * (split == "val")
        said = loop.learning.predict(feed.model.module, feed, rows, [folder.path / name for name in names])
        if said is not None and split == judged:
            logging.finish(feed.truth.take(rows), said)
    feed.ranks.barrier()
    why = {
        "epochs": "",
        "patience": f", stopped early: no better validation {DECIDES[decides(feed.config)]}",
        "budget": ", the budget is used up",
    }
    tell(f"done{why[ended]}: best epoch {best['epoch']} of {len(log.rows)}; predictions of split {judged} are written")
    return Trained(folder, tuple(log.rows), best["epoch"], ended, judged, dict(feed.model.weights))


def _nobody(*_: object) -> None:
    """Listens to nothing."""


@contextmanager
def _full_disk(folder: RunFolder) -> Iterator[None]:
    """Say what to do when the disk is full; what was written before stays whole."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, getattr(errno, "EDQUOT", None), errno.EFBIG):
            raise
        raise InputError(
            str(error.filename or folder.path), "room to write", error.strerror or "a full disk",
            "Free some space, then go on with --resume; the last checkpoint is whole.",
        ) from error  # fmt: skip
