"""Writing video: frames in, a WebM out that plays in a browser."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError, load
from optotype.files import replacing
from optotype.inference.video import quiet_opencv
from optotype.inference.webm import WebM, frames_in
from optotype.machine import usable_cores

PART = 24
"""Frames that are compressed as one; the first of each stands alone."""

_FALSE_RATE = 2500.0
"""Frames a second that OpenCV is told. It asks its encoder for bits by the rate, without a setting for them: the true
rate gives files three times as large, this one about 0.3 bits a pixel. The true one goes into the WebM."""


class Film:
    """A video that is being written to ``path`` (.webm, VP8); ``with`` ends it, and an error leaves nothing behind.

    All frames have the size (width, height), both even; ``rate`` is in frames a second. Parts are compressed in
    threads, a few at a time, so that memory is bounded. Raises MissingExtraError without the extra ``video``.
    """

    def __init__(self, path: Path, width: int, height: int, rate: float, *, threads: int = 0) -> None:
        load("a video", "video", "cv2")
        self._size = width, height
        self._part: list[NDArray[np.uint8]] = []
        self._threads = threads or usable_cores()
        self._waiting: deque[Future[list[bytes]]] = deque()
        self._stack = contextlib.ExitStack()
        stream = self._stack.enter_context(replacing(path))
        self._webm = self._stack.enter_context(WebM(stream, width, height, rate))
        self._pool = self._stack.enter_context(ThreadPoolExecutor(self._threads))

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._send()
                self._take(0)
        except BaseException as broken:
            self._stack.__exit__(type(broken), broken, broken.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)

    def add(self, frame: NDArray[np.uint8]) -> None:
        """The next frame, RGB (height, width, 3)."""
        self._part.append(frame)
        if len(self._part) == PART:
            self._send()
            self._take(self._threads)

    def _send(self) -> None:
        if self._part:
            self._waiting.append(self._pool.submit(_compressed, self._part, self._size))
            self._part = []

    def _take(self, left: int) -> None:
        """Write what is done, waiting until no more than ``left`` parts are being compressed."""
        while len(self._waiting) > left:
            for frame in self._waiting.popleft().result():
                self._webm.add(frame)


def _compressed(frames: list[NDArray[np.uint8]], size: tuple[int, int]) -> list[bytes]:
    import cv2

    quiet_opencv()
    with _scratch() as path:
        code = cv2.VideoWriter.fourcc(*"VP80")
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, _FALSE_RATE, size)
        if not writer.isOpened():
            raise InputError("--video", "an OpenCV with FFmpeg and VP8", f"OpenCV {cv2.__version__} without",
                             "pip install opencv-python-headless, or leave --video out.")  # fmt: skip
        for frame in frames:
            writer.write(np.ascontiguousarray(frame[..., ::-1]))
        writer.release()
        return list(frames_in(path.read_bytes()))


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    handle, name = tempfile.mkstemp(suffix=".mkv")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink()
