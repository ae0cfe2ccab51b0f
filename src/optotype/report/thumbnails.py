"""Thumbnails of image files: decoded and encoded in threads, each once, as WebP."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from optotype.errors import OptotypeError
from optotype.machine import usable_cores

QUALITY = 60
LOSSLESS_BELOW = 64  # lossy WebP halves the colour resolution, which ruins originals as small as icons or digits

Decode: TypeAlias = Callable[[str, int], NDArray[np.uint8]]


class Thumbnail(msgspec.Struct, frozen=True):
    """An encoded thumbnail and its size in pixels."""

    data: bytes
    width: int
    height: int


def decode(path: str, size: int) -> NDArray[np.uint8]:
    """The image as uint8 (h, w, 3), at least ``size`` pixels on its shorter side where it has as many."""
    from pathlib import Path

    from optotype.data import images

    return images.decode(Path(path), at_least=size)


def encode(pixels: NDArray[np.uint8], size: int) -> Thumbnail:
    """Shrink uint8 (h, w, 3) until the longer side is at most ``size`` and encode it; never enlarge.

    >>> encode(np.zeros((40, 80, 3), np.uint8), 20).height
    10
    """
    image = Image.fromarray(pixels)
    longer = max(image.size)
    if longer > size:
        shape = (max(1, round(image.width * size / longer)), max(1, round(image.height * size / longer)))
        image = image.resize(shape, Image.Resampling.BICUBIC, reducing_gap=2.0)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=2, lossless=longer <= min(size, LOSSLESS_BELOW))
    return Thumbnail(out.getvalue(), image.width, image.height)


def load(path: str, sizes: Sequence[int], decoder: Decode) -> tuple[Thumbnail, ...] | None:
    """One thumbnail for each size from one decoding; None when the file is missing or is no readable image."""
    try:
        pixels = decoder(path, max(sizes))
        return tuple(encode(pixels, size) for size in sizes)
    except (OptotypeError, OSError, ValueError):
        return None


def load_all(wanted: Mapping[str, int], decoder: Decode, threads: int = 0) -> dict[str, Thumbnail | None]:
    """The thumbnail of each path at its size; ``threads`` 0 takes one a core."""
    with ThreadPoolExecutor(threads or usable_cores()) as pool:
        found = pool.map(lambda entry: load(entry[0], (entry[1],), decoder), wanted.items())
        return {path: shot[0] if shot else None for path, shot in zip(wanted, found, strict=True)}
