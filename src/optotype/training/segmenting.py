"""What training must know of segmentation: label maps as targets, their losses, scores and files."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from optotype.diagnose.epochs import Score
from optotype.formats import read_mask_predictions, write_label_map, write_mask_manifest
from optotype.formats.mask_manifest import files_of
from optotype.tables import OTHER, VOID, Masks
from optotype.training.balance import Frequencies
from optotype.training.cache import ImageCache, Pixels
from optotype.training.config import TrainConfig
from optotype.training.feed import Feed, Rows, Targets, Truth
from optotype.training.learning import Key
from optotype.training.measure import judging

SAMPLE_SIZE = 64
"""Training items on which the training metrics are measured at most."""


def keep(path: Path, truth: Truth) -> None:
    """``data.csv`` of frames and label maps, and beside it what their values mean."""
    write_mask_manifest(path, cast(Masks, truth))


def targets(truth: Truth, config: TrainConfig, folder: Path | None, threads: int) -> ImageCache:
    """The label maps at the size of the input, void as the settings say; all are decoded."""
    masks = cast(Masks, truth)
    found = files_of(masks.maps)
    cache = ImageCache.of_maps(
        masks.maps, config.shape, values(config), files=found.paths if found else (),
        coding=msgspec.json.encode(found.coding).decode() if found else "", folder=folder, threads=threads,
    )  # fmt: skip
    cache.fill()
    return cache


def values(config: TrainConfig) -> Pixels:
    """What each value of a label map is aimed at, (256,): no class is left out, or is the first one."""
    table = np.arange(256, dtype=np.uint8)
    table[[OTHER, VOID]] = 0 if config.void == "background" else VOID
    return table


def frequencies(maps: Targets, rows: Rows, classes: int) -> Frequencies:
    """Of the pixels that have a class."""
    cache = cast(ImageCache, maps)
    counts, among = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    for labels in cache.each(rows):
        found = np.bincount(labels.ravel(), minlength=classes)[:classes]
        counts += found
        among[found > 0] += found.sum()
    return Frequencies(counts, among, float(math.prod(cache.shape)))


def prepare(images: Tensor, labels: Tensor, _classes: int, _config: TrainConfig, _key: Key) -> tuple[Tensor, Tensor]:
    """Label maps as what torch's losses take; nothing is mixed."""
    return images, labels.long()


def addends(outputs: Tensor, labels: Tensor) -> Tensor:
    """Items with labelled pixels, sums of their plain cross-entropies (means over those pixels) and of the squares,
    and the confusion matrix of pixels, truth × prediction. Shape (3 + K²,).
    """
    labels, classes = labels.long(), outputs.shape[1]
    inside = labels != VOID
    losses = functional.cross_entropy(outputs.float(), labels, ignore_index=VOID, reduction="none")
    pixels = inside.sum((1, 2))
    means = losses.double().sum((1, 2)) / pixels.clamp_min(1)
    pairs = labels[inside] * classes + outputs.argmax(1)[inside]
    confusion = torch.bincount(pairs, minlength=classes**2).double()
    return torch.cat([torch.stack([(pixels > 0).double(), means, means.square()]).sum(1), confusion])


def score(found: Sequence[float]) -> Score:
    """Mean and spread of the items' cross-entropies, pixel accuracy, and IoU averaged over the classes that occur.

    A class occurs where truth or prediction has a pixel of it.
    """
    n, loss, squares = found[:3]
    matrix = np.array(found[3:]).reshape(2 * [math.isqrt(len(found) - 3)])
    right, union = matrix.diagonal(), matrix.sum(0) + matrix.sum(1) - matrix.diagonal()
    occurs = union > 0
    mean = loss / n if n else math.nan
    return Score(
        loss=mean,
        accuracy=float(right.sum() / matrix.sum()) if n else math.nan,
        n=int(n),
        spread=math.sqrt(max(0.0, squares / n - mean * mean)) if n else math.nan,
        miou=float((right[occurs] / union[occurs]).mean()) if n else math.nan,
    )


def nothing(classes: int) -> Tensor:
    """The addends of no items."""
    return torch.zeros(3 + classes**2, dtype=torch.float64)


def label_map(logits: Tensor, size: tuple[int, int]) -> Pixels:
    """The class of each pixel of an image of ``size`` (height, width): logits (K, h, w) grow bilinearly, the greatest
    one is taken.
    """
    if logits.shape[-2:] != size:
        logits = functional.interpolate(logits[None], size=size, mode="bilinear", align_corners=False)[0]
    return logits.argmax(0).to(torch.uint8).cpu().numpy()


def predict(module: nn.Module, feed: Feed, rows: Rows, places: Sequence[Path]) -> Masks | None:
    """What the model says of the rows, at the size of their own label maps, as one PNG an item in each of the folders.

    In float32 whatever the precision of training. Every rank writes its share.
    """
    truth, hardware = cast(Masks, feed.truth), feed.hardware
    with judging(module):
        for batch in feed.measuring(rows, torch.float32):
            if not len(batch.index):
                continue
            outputs = module(batch.images.to(hardware.device, non_blocking=True)).float()
            for row, logits in zip(batch.index.tolist(), outputs, strict=True):
                said = label_map(logits, _size(truth, row))
                for place in places:
                    write_label_map(place / f"{truth.items.key[row]}.png", said, truth.colours)
    feed.ranks.barrier()
    if not feed.ranks.first:
        return None
    return read_mask_predictions(places[0], truth.take(rows)).masks


def _size(truth: Masks, row: int) -> tuple[int, int]:
    """Height and width of an item's label map, which is decoded where they are not known."""
    height, width = int(truth.items.height[row]), int(truth.items.width[row])
    return (height, width) if height and width else truth.maps[row].shape


def marks(maps: Targets) -> Iterator[str]:
    """A checksum of each label map."""
    for labels in cast(ImageCache, maps).each():
        yield f"{zlib.crc32(np.ascontiguousarray(labels).data):08x}"
