"""Conditions of the pixels: every image is decoded once, all its objects are measured, and it is let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeAlias

import numpy as np
from PIL import Image

from optotype.data.images import ImageError, Pixels, opened, upright_rgb
from optotype.diagnose.conditions.known import Known, Objects
from optotype.kernels import photometry as kernel
from optotype.machine import usable_cores
from optotype.tables import Array, Floats, Items

Progress: TypeAlias = Callable[[int, int], None]

CONTRAST = 5
"""Column of the colour difference; the others are those of ``kernels.photometry``."""

RING = 0.25
"""Width of the ring around a box as a share of √(w h), two pixels at least."""
FEWEST_RING = 0.1
"""A ring that holds less of the image than this share of the box says nothing of the surroundings."""
_BLOCK = 256


@dataclass(frozen=True, eq=False)
class Looked:
    """What n objects' pixels say: ``pixels`` (n, 6), JPEG ``quality`` and image ``size`` (n, 2); NaN if unreadable.

    ``problems`` names the images that could not be read, with the reason.
    """

    pixels: Floats
    quality: Floats
    size: Floats
    problems: tuple[str, ...]


def look(items: Items, objects: Objects, *, threads: int = 0, progress: Progress | None = None) -> Looked:
    """Decode the image of every item that has objects, in threads, and measure them.

    ``progress(done, of)`` is called from the calling thread. The result does not depend on ``threads``.
    """
    n = len(objects)
    pixels, quality, size = np.full((n, 6), np.nan), np.full(n, np.nan), np.full((n, 2), np.nan)
    starts = np.flatnonzero(np.diff(objects.item, prepend=-1))
    stops = np.append(starts[1:], n)
    problems: list[str] = []

    def one(start: int, stop: int) -> str:
        path = items.file(int(objects.item[start]))
        try:
            with opened(path) as image:
                quality[start:stop] = jpeg_quality(image)
                decoded = np.array(upright_rgb(image))
        except ImageError as error:
            return f"{error.where}: {error.got}"
        size[start:stop] = decoded.shape[1], decoded.shape[0]
        pixels[start:stop] = measure_boxes(decoded, objects.box[start:stop])
        return ""

    with ThreadPoolExecutor(threads or usable_cores()) as pool:
        try:
            for block in range(0, len(starts), _BLOCK):
                part = slice(block, block + _BLOCK)
                problems += [text for text in pool.map(one, starts[part].tolist(), stops[part].tolist()) if text]
                if progress is not None:
                    progress(min(block + _BLOCK, len(starts)), len(starts))
        except BaseException:  # an interrupt must not wait for thousands of images
            pool.shutdown(cancel_futures=True)
            raise
    return Looked(pixels, quality, size, tuple(problems))


def measure_boxes(image: Pixels, box: Floats) -> Floats:
    """Sharpness, brightness, spread, saturation, noise and contrast of boxes in one image, (n, 6).

    ``box`` (n, 4) is x, y, w, h; NaN stands for the whole image, whose contrast to the surroundings does not exist.
    What lies outside the image is left out.
    """
    height, width = image.shape[:2]
    boxed = np.isfinite(box.sum(axis=1))
    whole = np.where(boxed[:, None], box, [0, 0, width, height])
    limits = (width, height)
    inner = _within(whole[:, :2], whole[:, :2] + whole[:, 2:], limits)
    found = np.full((len(box), 6), np.nan)
    measured = np.empty((len(box), 5))
    kernel.measure_regions(image, inner, measured)
    found[:, :5] = measured
    rows = np.flatnonzero(boxed)
    if len(rows):
        found[rows, CONTRAST] = _contrast(image, whole[rows], inner[rows], limits)
    return found


def _contrast(image: Pixels, box: Floats, inner: Array, limits: tuple[int, int]) -> Floats:
    reach = np.maximum(2, RING * np.sqrt(box[:, 2:3] * box[:, 3:]))
    outer = _within(box[:, :2] - reach, box[:, :2] + box[:, 2:] + reach, limits)
    colours = np.empty((len(box), 2, 3))
    kernel.mean_colours(image, inner, outer, kernel.LINEAR, kernel.ROOTS, colours)
    difference = np.sqrt(((colours[:, 0] - colours[:, 1]) ** 2).sum(axis=1))
    area = np.prod(inner[:, 2:] - inner[:, :2], axis=1)
    ring = np.prod(outer[:, 2:] - outer[:, :2], axis=1) - area
    return np.where(ring >= FEWEST_RING * area, difference, np.nan)


def _within(start: Floats, stop: Floats, limits: Sequence[int]) -> Array:
    """Whole pixels touched by boxes, cut at the image: x0, y0, x1, y1, int64."""
    low = np.clip(np.floor(start), 0, limits).astype(np.int64)
    high = np.clip(np.ceil(stop), 0, limits).astype(np.int64)
    return np.ascontiguousarray(np.column_stack([low, np.maximum(high, low)]))


_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
).ravel()
"""The luminance quantisation table of ITU-T T.81, Annex K."""


@cache
def _tables() -> Array:
    """The table of each quality 1–100 as the Independent JPEG Group's library scales it, (100, 64)."""
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    return np.asarray(np.clip((_LUMINANCE * scale[:, None] + 50) // 100, 1, 255))


def jpeg_quality(image: Image.Image) -> float:
    """The quality 1–100 whose standard luminance table is nearest to the file's; NaN where it is no JPEG.

    Exact for files written with the Independent JPEG Group's tables (Pillow, libjpeg and most others), an estimate
    for others.
    """
    tables = getattr(image, "quantization", None)
    if not tables or len(tables.get(0, ())) != len(_LUMINANCE):
        return float("nan")
    return _nearest_quality(tuple(tables[0]))


@lru_cache(maxsize=256)
def _nearest_quality(table: tuple[int, ...]) -> float:
    """The highest quality whose table has the least sum of absolute differences."""
    distance = np.abs(_tables() - np.asarray(table)).sum(axis=1)
    return float(100 - int(np.argmin(distance[::-1])))


def sharpness(known: Known) -> Floats:
    """Variance of the Laplacian of grey at the image's own resolution."""
    return _column(known, kernel.SHARPNESS)


def brightness(known: Known) -> Floats:
    """Mean grey level, 0–255."""
    return _column(known, kernel.BRIGHTNESS)


def spread(known: Known) -> Floats:
    """Standard deviation of grey, 0–127.5."""
    return _column(known, kernel.SPREAD)


def saturation(known: Known) -> Floats:
    """Mean of (max − min) / max over the channels, 0–1."""
    return _column(known, kernel.SATURATION)


def noise(known: Known) -> Floats:
    """Standard deviation of the grey noise: median absolute response to Immerkær's mask / (6 · 0.6745)."""
    return _column(known, kernel.NOISE)


def contrast(known: Known) -> Floats:
    """ΔE*ab (CIE 1976) between the mean colours inside the box and in the ring around it; only for boxes."""
    return _column(known, CONTRAST)


def quality(known: Known) -> Floats:
    """Quality of the JPEG, 1–100, from its quantisation table; NaN for other formats."""
    assert known.quality is not None
    return known.quality


def _column(known: Known, column: int) -> Floats:
    assert known.pixels is not None
    return known.pixels[:, column]
