"""Decoding: the one way from an image file to pixels, upright, in RGB, eight bits."""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from optotype.errors import InputError

Pixels: TypeAlias = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")
"""Pillow's names of the formats that are read; others (EPS starts a program) are refused whatever their suffix.

A Pillow built without one of them refuses its files as of an unknown format.
"""

MAX_PIXELS = 178_956_970
"""Largest image, width × height: 512 MiB as RGB. More is a decompression bomb or needs tiling."""

ORIENTATION = ExifTags.Base.Orientation

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(InputError):
    """An image that cannot be used; ``got`` says why (truncated, not an image, too large …)."""


def decode(path: Path, at_least: int | None = None) -> Pixels:
    """Pixels of an image file as displayed: uint8, RGB, shape (h, w, 3).

    EXIF orientation is applied; transparent parts lie on white; 16-bit values are scaled to 0–255; of an
    animation the first frame is taken. With ``at_least``, a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size,
    with the shorter side not below ``at_least`` (where the image itself is not smaller). Raises ImageError for a
    file that is missing, truncated, no image, of an unknown format or larger than MAX_PIXELS.
    """
    return np.array(decode_picture(path, at_least))


def decode_picture(path: Path, at_least: int | None = None) -> Image.Image:
    """As ``decode``, as a Pillow image of mode RGB, for those who go on with Pillow."""
    with opened(path) as image:
        return upright_rgb(image, at_least)


@contextmanager
def opened(path: Path, stream: IO[bytes] | None = None) -> Iterator[Image.Image]:
    """Open an image, not yet decoded; whatever goes wrong in the block is an ImageError that names the file.

    ``stream`` is the file where it is open already.
    """
    _silence_pillow()
    try:
        if stream is None:
            check_file(path)
        with Image.open(stream or path, formats=_formats()) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _error(path, f"{image.width} × {image.height} pixels, more than {MAX_PIXELS:,}")
            yield image
    except InputError:
        raise
    except Exception as error:  # Pillow's parsers raise nearly anything on damaged bytes
        raise _error(path, _reason(error)) from error


def check_file(path: Path) -> None:
    """Refuse what is not a plain file before it is opened: a named pipe would wait for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise _error(path, "a folder or device, not a file")


def upright_rgb(image: Image.Image, at_least: int | None = None) -> Image.Image:
    """An opened image decoded, turned upright and in RGB."""
    if at_least is not None:
        image.draft(None, (at_least, at_least))
    image.load()
    turn = _UPRIGHT.get(orientation(image))
    image = _rgb(image)
    return image if turn is None else image.transpose(turn)


def orientation(image: Image.Image) -> int:
    """EXIF orientation 1–8; 1 (upright) where there is none or it cannot be read."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # noqa: BLE001 — damaged EXIF must not cost the picture
        return 1
    return value if value in _UPRIGHT else 1


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    if image.mode.startswith("I"):
        return _from_16_bit(image).convert("RGB")
    if image.mode == "F":
        raise ValueError("floating-point pixel values, whose range is not known")
    if image.has_transparency_data or image.mode in ("La", "RGBa"):
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() == (255, 255):
            return image.convert("RGB")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("32-bit pixel values, whose range is not known")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _error(path: Path, reason: str) -> ImageError:
    shown = os.fsencode(path).decode("utf-8", "backslashreplace")
    return ImageError(shown, "an image that can be decoded", reason, "Repair or remove the file, or exclude it.")


def _reason(error: Exception) -> str:
    match error:
        case FileNotFoundError():
            return "no such file"
        case PermissionError():
            return "no permission to read it"
        case UnidentifiedImageError():
            return "not an image of a known format"
        case Image.DecompressionBombError():
            return f"more than {MAX_PIXELS:,} pixels"
        case MemoryError():
            return "too large for the memory"
    text = str(error)
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return "truncated: the file ends before the image does"
    return f"damaged: {text or type(error).__name__}"


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


_silenced: object = None


def _silence_pillow() -> None:
    """Keep Pillow's warnings from the user: what they warn of is either harmless here or raised as an ImageError.

    The filter is added once to each list of filters in force (tests swap the list); ``warnings.catch_warnings``
    around every decode would not do, it is not safe in threads.
    """
    global _silenced
    if _silenced is not warnings.filters:
        warnings.filterwarnings("ignore", module=r"PIL\.")
        _silenced = warnings.filters
