"""The record of a training run: one row an epoch, in ``log.jsonl``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from optotype.errors import InputError


class Score(msgspec.Struct, frozen=True):
    """Loss (nats, mean over items) and accuracy (0–1) of ``n`` items, in eval mode: no augmentation, smoothing or
    class weights, so that train and validation compare. ``spread`` is the standard deviation of the items'
    losses. Of segmentation: an item's loss is the mean over its labelled pixels, ``accuracy`` that of all pixels, and
    ``miou`` the mean IoU (0–1) of the classes that occur, at the size of the model's input.
    """

    loss: float
    accuracy: float
    n: int
    spread: float = 0.0
    miou: float | None = None


class StepTimes(msgspec.Struct, frozen=True):
    """Mean seconds of one optimisation step, by what they were spent on."""

    data: float
    forward: float
    backward: float
    optimizer: float


class EpochTime(msgspec.Struct, frozen=True):
    """What the clock said; the only part of a row that differs between two runs of the same settings.

    ``seconds`` are those of training and measuring; after a resume inside the epoch, of the part since then.
    ``images_per_second`` is that of training alone.
    """

    seconds: float
    images_per_second: float
    step: StepTimes


class EpochRow(msgspec.Struct, frozen=True):
    """One epoch, counted from 1. ``steps`` are the optimisation steps since the beginning, ``lr`` the rate of
    the head at the epoch's last step and ``backbone_lr`` that of the rest, ``objective`` the mean of what was
    minimised (augmented, smoothed, weighted). ``best``: the validation loss is the lowest, or the mean IoU the
    highest, so far. ``whole``: False where the budget ended inside the epoch.
    """

    epoch: int
    steps: int
    lr: float
    backbone_lr: float
    objective: float
    train: Score
    val: Score | None
    best: bool
    time: EpochTime
    whole: bool = True


def read(path: Path) -> list[EpochRow]:
    """The rows of ``log.jsonl``; a last line that a kill cut short is left out.

    Raises InputError naming the line where another one cannot be read.
    """
    rows: list[EpochRow] = []
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(msgspec.json.decode(line, type=EpochRow))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if number == len(lines):
                break
            raise InputError(
                f"{path}, line {number}", "the record of an epoch", str(error), "Remove the line, or train again."
            ) from None
    return rows


CURVES = (
    "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "objective", "lr", "backbone_lr",
    "images_per_second", "seconds", "data_seconds", "forward_seconds", "backward_seconds", "optimizer_seconds",
)  # fmt: skip
"""Columns of ``curves.csv``; the last four are means over the steps. Of segmentation two more follow."""

MIOU = ("train_miou", "val_miou")


def curves(rows: Sequence[EpochRow]) -> str:
    """The rows as CSV, unrounded; empty cells where there is no validation split."""
    dense = any(row.train.miou is not None for row in rows)
    lines = [",".join((*CURVES, *MIOU) if dense else CURVES)]
    for row in rows:
        val = (row.val.loss, row.val.accuracy) if row.val else ("", "")
        step = row.time.step
        cells = (
            row.epoch, row.train.loss, row.train.accuracy, *val, row.objective, row.lr, row.backbone_lr,
            row.time.images_per_second, row.time.seconds, step.data, step.forward, step.backward, step.optimizer,
        )  # fmt: skip
        ious = (row.train.miou, row.val.miou if row.val else "") if dense else ()
        lines.append(",".join(map(str, (*cells, *ious))))
    return "\n".join(lines) + "\n"
