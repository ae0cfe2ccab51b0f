"""Photos and label maps decoded once, to uint8 in a memory-mapped file that any number of processes may fill."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import math
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
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

_TOGETHER = 256
"""Images asked for ahead of time when all of them are gone through."""

Pixels = NDArray[np.uint8]
Decode = Callable[[int], Pixels]


@dataclass(frozen=True)
class _Request:
    """What a cache is of: ``names`` of files, one a row, decoded to ``shape`` in the way that ``how`` says."""

    kind: str
    size: str
    how: str
    names: tuple[str, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ImageCache:
    """n photos as uint8 images (h, w, 3), or n label maps (h, w), each decoded when first asked for.

    The whole photo is squeezed to the size (as torchvision's ``Resize((h, w))``), with antialiasing after
    JPEG's reduced-scale decoding. Beside each image of the file lies a checksum, written after the pixels and
    verified once in every process: a half-written image, of a killed process or a lost machine, counts as
    absent. Two processes that fill the same file write the same bytes.

    ``warnings`` says where the wished storage was not to be had: on a full disk the images stay in memory, or
    are decoded each time.
    """

    shape: tuple[int, int]
    threads: int
    warnings: tuple[str, ...]
    _decode: Decode
    _slot: NDArray[np.int64]
    _images: Pixels | None
    _sums: NDArray[np.uint64] | None
    _ready: NDArray[np.bool_]

    @classmethod
    def build(
        cls, paths: Sequence[Path], size: int | tuple[int, int], *, folder: Path | None, threads: int = 1
    ) -> ImageCache:
        """A cache of the photos ``paths`` at ``size`` (side, or height and width); decodes nothing yet.

        The file in ``folder`` is named after the request (paths, their sizes and times, ``size``, decoder), so
        that a later run finds it, whatever the order of the paths. ``folder`` None keeps the images in memory.
        ``threads`` are those of ``fill``. Raises InputError where a path cannot be read.
        """
        shape = (size, size) if isinstance(size, int) else size
        names = [str(Path(path).absolute()) for path in paths]
        wanted = f"{shape[0]}" if shape[0] == shape[1] else f"{shape[0]}x{shape[1]}"
        request = _Request("images", wanted, wanted, tuple(names), (*shape, 3))
        return cls._of(request, lambda row: _photo(Path(names[row]), shape), folder, threads)

    @classmethod
    def of_maps(
        cls,
        maps: Sequence[Pixels],
        size: tuple[int, int],
        values: Pixels,
        *,
        files: Sequence[Path] = (),
        coding: str = "",
        folder: Path | None = None,
        threads: int = 1,
    ) -> ImageCache:
        """A cache of label maps at ``size`` (height, width), by nearest neighbours, ``values`` (256,) for their own.

        Maps of ``files``, read in the way that ``coding`` says, are kept in ``folder`` beside the photos, under the
        same rules; other ones in memory.
        """
        names = tuple(str(path.absolute()) for path in files) or tuple(map(str, range(len(maps))))
        how = f"{size[0]}x{size[1]} {coding} {values.tobytes().hex()}"
        request = _Request("masks", f"{size[0]}x{size[1]}", how, names, size)
        return cls._of(request, lambda row: values[nearest(maps[row], size)], folder if files else None, threads)

    @classmethod
    def _of(cls, request: _Request, decode: Decode, folder: Path | None, threads: int) -> ImageCache:
        names = sorted(set(request.names))
        place = {name: i for i, name in enumerate(names)}
        slot = np.array([place[name] for name in request.names], np.int64)
        warnings: list[str] = []
        stored, sums = None, None
        if folder is not None and names:
            try:
                stored, sums = _open(folder, request, names)
            except OSError as error:
                warnings.append(f"no image cache in '{folder}': {error.strerror or error}")
        need = len(names) * math.prod(request.shape)
        if stored is None and need <= MEMORY_SHARE * _memory():
            stored = np.zeros((len(names), *request.shape), np.uint8)
            if folder is not None:
                warnings.append("decoded photos are kept in memory")
        elif stored is None:
            warnings.append(f"decoded photos would take {need / 2**30:.1f} GiB of memory: decoding them in every epoch")
        ready = np.zeros(len(names), np.bool_)
        return cls((request.shape[0], request.shape[1]), threads, tuple(warnings), decode, slot, stored, sums, ready)

    def __len__(self) -> int:
        return len(self._slot)

    def get(self, row: int) -> Pixels:
        """The image of a row, shape (h, w, 3) or (h, w); not to be written to. Any thread may ask.

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
        for _ in self.each(rows):
            pass

    def each(self, rows: NDArray[np.int64] | None = None) -> Iterator[Pixels]:
        """All images in their order, or those of ``rows``, decoded by threads."""
        wanted = list(range(len(self))) if rows is None else rows.tolist()
        with ThreadPoolExecutor(max(self.threads, 1), thread_name_prefix="optotype-decode") as pool:
            for i in range(0, len(wanted), _TOGETHER):
                yield from pool.map(self.get, wanted[i : i + _TOGETHER])


def nearest(labels: Pixels, size: tuple[int, int]) -> Pixels:
    """A label map (h, w) at another size: each pixel is the one that its centre lies in.

    >>> nearest(np.array([[1, 2, 3, 4]], np.uint8), (1, 2)).tolist()
    [[2, 4]]
    """
    rows, columns = (
        ((2 * np.arange(after) + 1) * before // (2 * after)) for before, after in zip(labels.shape, size, strict=True)
    )
    found: Pixels = labels[rows[:, None], columns]
    return found


def _photo(path: Path, shape: tuple[int, int]) -> Pixels:
    picture = images.decode_picture(path, max(shape))
    return np.array(picture.resize(shape[::-1], Image.Resampling.BILINEAR))


def shared_folder() -> Path:
    """Where decoded photos are kept from run to run, in the user's cache folder."""
    return cache_folder().parent / "images"


def _checksum(image: Pixels) -> np.uint64:
    return _DONE | np.uint64(zlib.crc32(image.data))


def _key(names: Sequence[str], size: str) -> str:
    digest = hashlib.sha256(f"{DECODER} {PIL.__version__} {size}".encode())
    for name in names:
        try:
            status = Path(name).stat()
        except OSError as error:
            raise InputError(name, "an image file", error.strerror or str(error), "Check the data's paths.") from error
        digest.update(f"\0{name}\0{status.st_size}\0{status.st_mtime_ns}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


def _open(folder: Path, request: _Request, names: Sequence[str]) -> tuple[Pixels, NDArray[np.uint64]]:
    """Map the cache file, made where it is missing: n checksums, padded to whole pages, then n images."""
    n = len(names)
    start = -(-8 * n // _PAGE) * _PAGE
    need = start + n * math.prod(request.shape)
    path = folder / f"{request.kind}-{request.size}-{_key(names, request.how)}.cache"
    if not (path.is_file() and path.stat().st_size == need):
        _make(path, need)
    os.utime(path)
    whole = np.asarray(np.memmap(path, np.uint8, mode="r+", shape=(need,)))
    sums = whole[: 8 * n].view(np.uint64)
    return whole[start:].reshape(n, *request.shape), sums


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
    for pattern in ("images-*.cache", "masks-*.cache", ".images-*.part"):
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
