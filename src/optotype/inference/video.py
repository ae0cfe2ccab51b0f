"""Frames of a sequence, one by one: from a folder of images or from a video file."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from optotype.data.images import Pixels, decode
from optotype.errors import InputError, load
from optotype.sequences import frame_files, picture_size

SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv")
"""What the names of video files end in, in any case."""


@dataclass(frozen=True)
class Footage:
    """The frames of one sequence; nothing is decoded before they are asked for.

    ``length`` is the number of frames, ``rate`` frames a second (NaN: unknown, of a folder always), ``width`` and
    ``height`` are pixels as displayed.
    """

    path: Path
    length: int
    rate: float
    width: int
    height: int
    files: tuple[Path, ...] = ()

    def frames(self, at_least: int | None = None) -> Iterator[Pixels]:
        """RGB uint8 (h, w, 3), upright, in order; ``at_least`` as in ``optotype.data.images.decode``.

        InputErrors name an image that cannot be decoded; a damaged video ends where it cannot be decoded any more.
        """
        if self.files:
            return (decode(file, at_least) for file in self.files)
        return _decoded(self.path)


def is_video(path: Path) -> bool:
    """Whether the path is a file that is called as videos are.

    >>> is_video(Path("nowhere/robot.MP4"))
    False
    """
    return path.suffix.lower() in SUFFIXES and path.is_file()


def footage(path: Path) -> Footage:
    """The frames of a folder, in the natural order of their names, or of a video file.

    A video is read once without decoding to count its frames, as what it says of their number is a guess. Raises
    InputError for a folder without images and a file that is no video, MissingExtraError without the extra ``video``.
    """
    if path.is_dir():
        files = tuple(frame_files(path))
        if not files:
            raise InputError(str(path), "a folder with the images of a sequence", "no image", "Check the path.")
        return Footage(path, len(files), math.nan, *picture_size(files[0]), files)
    if not path.is_file():
        raise InputError(str(path), "a folder of images or a video file", "no such file", "Check the path.")
    return _video(path)


def _video(path: Path) -> Footage:
    load("reading a video", "video", "cv2")
    import cv2

    capture = _opened(path)
    try:
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        good, first = capture.read()
        if not good:
            raise _damaged(path, "not one frame that can be decoded")
        length = 1
        while capture.grab():
            length += 1
    finally:
        capture.release()
    height, width = first.shape[:2]
    return Footage(path, length, rate if 0 < rate < math.inf else math.nan, width, height)


def _decoded(path: Path) -> Iterator[Pixels]:
    capture = _opened(path)
    try:
        while True:
            good, frame = capture.read()
            if not good:
                return
            yield np.ascontiguousarray(frame[..., ::-1])
    finally:
        capture.release()


def _opened(path: Path) -> Any:
    """The file, which its rotation will be applied to."""
    import cv2

    quiet_opencv()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise _damaged(path, "a file that FFmpeg cannot open")
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def quiet_opencv() -> None:
    """Before the first video is opened: OpenCV and FFmpeg print nothing, as what they do not like becomes an error."""
    import cv2

    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def _damaged(path: Path, got: str) -> InputError:
    return InputError(str(path), "a video", got, "Check that it plays; a copy may have been cut short.")
