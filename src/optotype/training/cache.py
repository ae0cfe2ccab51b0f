"""Photos decoded once, to uint8 images in a memory-mapped file that any number of processes may fill."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image

from optotype.catalog import cache_folder
from optotype.data import images
from optotype.errors import InputError

DECODER = "1"
"""Part of the key: raised when decoding or resizing changes a pixel."""
STALE_SECONDS = 30 * 86400.0
"""Files of the cache's folder that no run has opened for so long are removed when a new one is made."""
RESERVE = 512 << 20
"""Bytes of the disk that the cache leaves free."""
MEMORY_SHARE = 0.25
"""Share of the machine's memory that a cache without a file may take."""

_DONE = np.uint64(1 << 32)
_PAGE = 4096

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ImageCache:
    """n photos as uint8 images (s, s, 3), each decoded when first asked for.

    The whole photo is squeezed to the square (as torchvision's ``Resize((s, s))``), with antialiasing after
    JPEG's reduced-scale decoding. Beside each image of the file lies a checksum, written after the pixels and
    verified once in every process: a half-written image, of a killed process or a lost machine, counts as
    absent. Two processes that fill the same file write the same bytes.

    ``warnings`` says where the wished storage was not to be had: on a full disk the images stay in memory, or
    are decoded each time.
    """

    paths: tuple[Path, ...]
    size: int
    threads: int
    warnings: tuple[str, ...]
    _slot: NDArray[np.int64]
    _images: Pixels | None
    _sums: NDArray[np.uint64] | None
    _ready: NDArray[np.bool_]

    @classmethod
    def build(cls, paths: Sequence[Path], size: int, *, folder: Path | None, threads: int = 1) -> ImageCache:
        """A cache of ``paths`` at ``size`` pixels; decodes nothing yet.

        The file in ``folder`` is named after the request (paths, their sizes and times, ``size``, decoder), so
        that a later run finds it, whatever the order of the paths. ``folder`` None keeps the images in memory.
        ``threads`` are those of ``fill``. Raises InputError where a path cannot be read.
        """
        paths = tuple(Path(path).absolute() for path in paths)
        names = sorted({str(path) for path in paths})
        place = {name: i for i, name in enumerate(names)}
        slot = np.array([place[str(path)] for path in paths], np.int64)
        warnings: list[str] = []
        stored, sums = None, None
        if folder is not None and names:
            try:
                stored, sums = _open(folder, _key(names, size), len(names), size)
            except OSError as error:
                warnings.append(f"no image cache in '{folder}': {error.strerror or error}")
        need = len(names) * size * size * 3
        if stored is None and need <= MEMORY_SHARE * _memory():
            stored = np.zeros((len(names), size, size, 3), np.uint8)
            if folder is not None:
                warnings.append("decoded photos are kept in memory")
        elif stored is None:
            warnings.append(f"decoded photos would take {need / 2**30:.1f} GiB of memory: decoding them in every epoch")
        return cls(paths, size, threads, tuple(warnings), slot, stored, sums, np.zeros(len(names), np.bool_))

    def __len__(self) -> int:
        return len(self.paths)

    def get(self, row: int) -> Pixels:
        """The image of ``paths[row]``, shape (s, s, 3); not to be written to. Any thread may ask.

        Raises InputError naming the file when it cannot be decoded.
        """
        if self._images is None:
            return self._decode(row)
        slot = self._slot[row]
        image: Pixels = self._images[slot]
        if not self._ready[slot]:
            if self._sums is None:
                image[:] = self._decode(row)
            elif not self._sums[slot] or self._sums[slot] != _checksum(image):
                pixels = self._decode(row)
                image[:] = pixels
                self._sums[slot] = _checksum(pixels)
            self._ready[slot] = True
        return image

    def fill(self, rows: NDArray[np.int64] | None = None) -> None:
        """Decode ahead what ``get`` would decode when asked: all photos, or those of ``rows``."""
        if self._images is None:
            return
        wanted = range(len(self)) if rows is None else rows.tolist()
        with ThreadPoolExecutor(max(self.threads, 1), thread_name_prefix="optotype-decode") as pool:
            for _ in pool.map(self.get, wanted):
                pass

    def _decode(self, row: int) -> Pixels:
        picture = images.decode_picture(self.paths[row], self.size)
        return np.array(picture.resize((self.size, self.size), Image.Resampling.BILINEAR))


def shared_folder() -> Path:
    """Where decoded photos are kept from run to run, in the user's cache folder."""
    return cache_folder().parent / "images"


def _checksum(image: Pixels) -> np.uint64:
    return _DONE | np.uint64(zlib.crc32(image.data))


def _key(names: Sequence[str], size: int) -> str:
    digest = hashlib.sha256(f"{DECODER} {PIL.__version__} {size}".encode())
    for name in names:
        try:
            status = Path(name).stat()
        except OSError as error:
            raise InputError(name, "an image file", error.strerror or str(error), "Check the data's paths.") from error
        digest.update(f"\0{name}\0{status.st_size}\0{status.st_mtime_ns}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


def _open(folder: Path, key: str, n: int, size: int) -> tuple[Pixels, NDArray[np.uint64]]:
    """Map the cache file, made where it is missing: n checksums, padded to whole pages, then n images."""
    start = -(-8 * n // _PAGE) * _PAGE
    need = start + n * size * size * 3
    path = folder / f"images-{size}-{key}.cache"
    if not (path.is_file() and path.stat().st_size == need):
        _make(path, need)
    os.utime(path)
    whole = np.asarray(np.memmap(path, np.uint8, mode="r+", shape=(need,)))
    sums = whole[: 8 * n].view(np.uint64)
    return whole[start:].reshape(n, size, size, 3), sums


def _make(path: Path, need: int) -> None:
    """Put zeros at ``path``, their room on the disk reserved: writing to a map of a full disk would kill us."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(path.parent)
    free = shutil.disk_usage(path.parent).free
    if free < need + RESERVE:
        text = f"{need / 2**20:.0f} MiB needed and {RESERVE >> 20} MiB to be left, {free / 2**20:.0f} MiB free"
        raise OSError(errno.ENOSPC, text)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".images-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            _reserve(stream.fileno(), need)
        try:
            os.link(part, path)  # unlike a rename, never takes the place of a file that another process fills
        except FileExistsError:
            if path.stat().st_size != need:
                Path(part).replace(path)
        except OSError:
            Path(part).replace(path)
    finally:
        with contextlib.suppress(OSError):
            Path(part).unlink()


def _reserve(handle: int, need: int) -> None:
    allocate = getattr(os, "posix_fallocate", None)
    if allocate is not None:
        try:
            allocate(handle, 0, need)
            return
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
    zeros = bytes(1 << 20)
    for done in range(0, need, len(zeros)):
        os.write(handle, zeros[: need - done])


def _remove_stale(folder: Path) -> None:
    for pattern in ("images-*.cache", ".images-*.part"):
        for path in folder.glob(pattern):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink()


def _memory() -> float:
    """Bytes of memory this process may hope for: the machine's, or its container's limit."""
    limits = []
    with contextlib.suppress(OSError, ValueError, AttributeError):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            limits.append(int(Path(name).read_text()))
    return min(limits, default=8 << 30)
