"""One look at every file: is it readable, what is in it, what does it look like. Each file is decoded once."""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from optotype.data.images import ImageError, check_file, opened, orientation, upright_rgb
from optotype.machine import usable_cores
from optotype.tables import Floats, Ints

SIDE = 16
"""Side of the small colour picture that confirms a near duplicate, pixels."""

LEAST_SIDE = 32
"""Smaller pictures have too little detail for a perceptual hash and are left out of the near-duplicate search."""

LEAST_DEVIATION = 4.0
"""Pictures whose gray levels deviate less than this (of 255) are nearly uniform: they all look alike."""

_HASH_SIDE = 32
_DECODED_SIDE = 64
_BLOCK = 4096

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Inspection:
    """What was found in n files; where ``problem`` is not empty (the file is unreadable) the rest is zero.

    ``width``, ``height``: pixels as displayed. ``mode``: Pillow's pixel mode as stored. ``orientation``: EXIF,
    1–8. ``digest``: SHA-256 of the file. ``hash``: perceptual hash. ``picture`` (n, 768): small colour picture.
    ``comparable``: large and varied enough for the near-duplicate search; ``uniform``: nearly without variation.
    ``taken``: EXIF time, seconds of the camera's own clock, NaN where unknown. ``camera``: EXIF make, model,
    serial.
    """

    problem: tuple[str, ...]
    width: Ints
    height: Ints
    mode: tuple[str, ...]
    orientation: Ints
    digest: tuple[bytes, ...]
    hash: NDArray[np.uint64]
    picture: NDArray[np.uint8]
    comparable: NDArray[np.bool_]
    uniform: NDArray[np.bool_]
    taken: Floats
    camera: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.problem)

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Mask of the files that can be used, shape (n,)."""
        return np.array([not problem for problem in self.problem], bool)


@dataclass(frozen=True, eq=False)
class _File:
    problem: str = ""
    width: int = 0
    height: int = 0
    mode: str = ""
    orientation: int = 1
    digest: bytes = b""
    hash: int = 0
    picture: bytes = bytes(3 * SIDE * SIDE)
    comparable: bool = False
    uniform: bool = False
    taken: float = float("nan")
    camera: str = ""


def inspect(paths: Sequence[Path], *, threads: int = 0, progress: Progress | None = None) -> Inspection:
    """Look at every file, in threads; ``progress(done, of)`` is called from the calling thread now and then."""
    files: list[_File] = []
    with ThreadPoolExecutor(threads or usable_cores()) as pool:
        try:
            for start in range(0, len(paths), _BLOCK):
                for found in pool.map(_look, paths[start : start + _BLOCK]):
                    files.append(found)
                    if progress is not None and (len(files) % 50 == 0 or len(files) == len(paths)):
                        progress(len(files), len(paths))
        except BaseException:  # an interrupt must not wait for thousands of files
            pool.shutdown(cancel_futures=True)
            raise
    return _table(files)


def perceptual_hash(gray: NDArray[np.uint8]) -> tuple[int, float]:
    """64-bit hash of a 32 × 32 gray picture, and the standard deviation of its gray levels.

    The signs, against their median, of the 63 lowest frequencies of its discrete cosine transform and one more in
    place of the mean (pHash: Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010).
    """
    values = gray.astype(np.float64)
    low = (_COSINES @ values @ _COSINES.T).ravel()
    low[0] = _EXTRA @ values @ _COSINES[0]
    bits = np.packbits(low > np.median(low))
    return int.from_bytes(bits.tobytes(), "big"), float(values.std())


_ANGLES = np.pi * (2 * np.arange(_HASH_SIDE)[None, :] + 1) / (2 * _HASH_SIDE)
_COSINES = np.cos(_ANGLES * np.arange(8)[:, None])
_EXTRA = np.cos(_ANGLES[0] * 8)


def _look(path: Path) -> _File:
    try:
        check_file(path)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").digest()
            stream.seek(0)
            with opened(path, stream) as image:
                return _describe(image, digest)
    except ImageError as error:
        return _File(problem=error.got)
    except FileNotFoundError:
        return _File(problem="no such file")
    except (OSError, ValueError) as error:
        return _File(problem=f"cannot be read: {error.strerror if isinstance(error, OSError) else error}")


def _describe(image: Image.Image, digest: bytes) -> _File:
    (width, height), mode = image.size, image.mode
    picture = upright_rgb(image, _DECODED_SIDE)
    turned = orientation(image)
    if turned >= 5:
        width, height = height, width
    gray = np.asarray(_small(picture, _HASH_SIDE).convert("L"))
    bits, deviation = perceptual_hash(gray)
    large = min(width, height) >= LEAST_SIDE
    uniform = deviation < LEAST_DEVIATION
    taken, camera = _when_and_by(image)
    return _File(
        "", width, height, mode, turned, digest, bits, _small(picture, SIDE).tobytes(), large and not uniform,
        uniform, taken, camera,
    )  # fmt: skip


def _small(picture: Image.Image, side: int) -> Image.Image:
    return picture.resize((side, side), Image.Resampling.BOX)


def _when_and_by(image: Image.Image) -> tuple[float, str]:
    try:
        exif = image.getexif()
        if not exif:
            return float("nan"), ""
        more = exif.get_ifd(ExifTags.IFD.Exif)
        text = more.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime) or ""
        parts = [
            exif.get(ExifTags.Base.Make),
            exif.get(ExifTags.Base.Model),
            more.get(ExifTags.Base.BodySerialNumber),
        ]
        camera = " ".join(str(part).strip("\0 ") for part in parts if part)
        return _seconds(str(text).strip("\0 ")), camera
    except Exception:  # noqa: BLE001 — damaged EXIF must not cost the picture
        return float("nan"), ""


def _seconds(text: str) -> float:
    try:
        return float(calendar.timegm(datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S").timetuple()))
    except ValueError:
        return float("nan")


def _table(files: list[_File]) -> Inspection:
    pictures = np.frombuffer(b"".join(file.picture for file in files), np.uint8).reshape(len(files), 3 * SIDE * SIDE)
    return Inspection(
        problem=tuple(file.problem for file in files),
        width=np.array([file.width for file in files], np.int32),
        height=np.array([file.height for file in files], np.int32),
        mode=tuple(file.mode for file in files),
        orientation=np.array([file.orientation for file in files], np.int32),
        digest=tuple(file.digest for file in files),
        hash=np.array([file.hash for file in files], np.uint64),
        picture=pictures,
        comparable=np.array([file.comparable for file in files], bool),
        uniform=np.array([file.uniform for file in files], bool),
        taken=np.array([file.taken for file in files], np.float64),
        camera=tuple(file.camera for file in files),
    )
