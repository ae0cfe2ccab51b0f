"""Pictures of what training sees: its first batch, and a few photos with their augmented versions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from optotype.files import write_atomic
from optotype.nn.built import IMAGENET_MEAN
from optotype.runs import RunFolder
from optotype.tables import VOID
from optotype.training import augment as changes
from optotype.training.cache import ImageCache
from optotype.training.config import Augment
from optotype.training.loader import shuffled

TILE = 256
"""Longest side of a tile, pixels."""
BATCH_TILES = 32
"""Tiles of the batch sheet at most."""
OPACITY = 0.6
"""Of the colours of classes over a photo."""
VERSIONS = 7
"""Augmented versions beside each original."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What is said of each row of the cache: ``names``, and where label maps are learnt, these and the classes'
    ``colours`` (K, 3), which are laid over the photo.
    """

    names: Sequence[str]
    maps: ImageCache | None = None
    colours: NDArray[np.uint8] | None = None


def write_sheets(
    folder: RunFolder,
    cache: ImageCache,
    index: NDArray[np.int64],
    shown: Shown,
    *,
    augment: Augment,
    seed: int,
    batch_size: int,
    mean: Sequence[float] = IMAGENET_MEAN,
    photos: int = 4,
) -> None:
    """Write the first batch of the first epoch, and ``photos`` originals each with its first epochs' versions.

    ``index``, ``seed`` and ``batch_size`` are those given to ``Batches``: the sheets show the very
    pixels that enter the model, before normalisation; an erased rectangle has the colour ``mean``. Tiles become
    image files under ``folder.sheets``; ``sheets.json`` there is ``{"batch": [{"file", "label"}, …],
    "augmentation": […]}``, the latter in rows of eight.
    """
    rows = shuffled(np.asarray(index, np.int64), seed=seed, epoch=0)
    blank = np.rint(np.asarray(mean) * 255).astype(np.uint8)
    names = shown.names
    kind = "webp" if features.check("webp") else "png"
    sheet: dict[str, list[dict[str, str]]] = {"batch": [], "augmentation": []}

    def add(where: str, pixels: NDArray[np.uint8], label: str) -> None:
        file = f"{where}-{len(sheet[where]):02}.{kind}"
        write_atomic(folder.sheets / file, _encoded(pixels, kind))
        sheet[where].append({"file": file, "label": label})

    first = rows[: min(batch_size, BATCH_TILES)]
    for row, pixels in zip(first, _changed(cache, shown, first, augment, seed, 0, blank), strict=True):
        add("batch", pixels, names[row])
    for row in rows[:photos]:
        (original,) = _changed(cache, shown, np.array([row]), Augment(), seed, 0, blank)
        add("augmentation", original, f"{names[row]} · original")
        for epoch in range(VERSIONS):
            (pixels,) = _changed(cache, shown, np.array([row]), augment, seed, epoch, blank)
            add("augmentation", pixels, f"epoch {epoch + 1}")
    write_atomic(folder.sheets / "sheets.json", json.dumps(sheet, ensure_ascii=False, indent=1) + "\n")


_LEVELS = np.tile(np.arange(256, dtype=np.uint8), (3, 1))


def _changed(
    cache: ImageCache,
    shown: Shown,
    rows: NDArray[np.int64],
    augment: Augment,
    seed: int,
    epoch: int,
    blank: NDArray[np.uint8],
) -> list[NDArray[np.uint8]]:
    draws = changes.draw(augment, rows, size=cache.shape, seed=seed, epoch=epoch)
    out = np.empty((len(rows), *cache.shape, 3), np.uint8)
    for i, row in enumerate(rows.tolist()):
        changes.apply(cache.get(row), draws, i, _LEVELS, blank, out[i])
        if shown.maps is not None and shown.colours is not None:
            out[i] = _painted(out[i], changes.move(shown.maps.get(row), draws, i), shown.colours)
    return list(out)


def _painted(pixels: NDArray[np.uint8], labels: NDArray[np.uint8], colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photo with its classes' colours laid over it; what is of no class is black."""
    table = np.zeros((VOID + 1, 3), np.uint8)
    table[: len(colours)] = colours
    mixed = OPACITY * table[labels] + (1 - OPACITY) * pixels
    return np.where((labels == VOID)[..., None], 0, mixed).astype(np.uint8)


def _encoded(pixels: NDArray[np.uint8], kind: str) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((TILE, TILE))
    stream = BytesIO()
    image.save(stream, kind, **({"quality": 90} if kind == "webp" else {}))
    return stream.getvalue()
