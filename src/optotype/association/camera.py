"""Camera motion from frames: where a point of the background went between one frame and the next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.errors import load
from optotype.tables import Floats

LONGEST = 640
"""Pixels of the longer side that frames are scaled down to."""

MOST_CORNERS, LEAST_CORNERS = 400, 12
APART = 8
"""Pixels of the scaled frame between two corners."""

LEAST_SHARE = 0.3
"""Of the corners that were found again, the least share that must move as one."""

LEAST_SCALE, MOST_SCALE = 0.8, 1.25
"""Between two frames; what lies outside is a cut, or a mistake."""

_BACK = 0.5  # pixels by which a corner may miss its place on the way back
_OFF = 1.5  # pixels off the common motion at which a corner is held to move by itself


@dataclass(frozen=True, eq=False)
class CameraMotion:
    """``matrix`` (n, 2, 3) maps a place in the frame before to the same place of the scene in this one.

    Places are in pixels of the whole frame, measured from its upper left corner. ``reason`` says of each frame why
    there is no estimate; its matrix is then the identity. Of the first frame there is never one.
    """

    matrix: Floats
    reason: tuple[str, ...]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Of which frames there is an estimate, (n,)."""
        return np.array([not reason for reason in self.reason], bool)


def estimate(frames: Iterable[NDArray[np.uint8]], boxes: Iterable[Floats] | None = None) -> CameraMotion:
    """How the camera moved before each of ``frames`` (h, w, 3) or (h, w): shift, rotation and scale.

    Corners of the frame before are followed into this one by pyramidal Lucas–Kanade, there and back, and the motion
    that most of them share is found by RANSAC, so that objects that move by themselves do not count. ``boxes``
    (k, 4) x, y, w, h of each frame hold such objects: no corner is taken from there. The same frames give the
    same matrices. Two frames are held at a time. Raises MissingExtraError without the extra ``video``.
    """
    load("camera motion", "video", "cv2")
    found = list(_steps(frames, boxes))
    matrix = np.stack([step for step, _ in found]) if found else np.zeros((0, 2, 3))
    return CameraMotion(matrix, tuple(reason for _, reason in found))


def _steps(frames: Iterable[Any], boxes: Iterable[Floats] | None) -> Iterable[tuple[Floats, str]]:
    before: Any = None
    around: Floats | None = None
    given = None if boxes is None else iter(boxes)
    for frame in frames:
        grey, scale = _small(frame)
        if before is None:
            yield _identity(), "the first frame"
        elif before.shape != grey.shape:
            yield _identity(), "another size than the frame before"
        else:
            yield _between(before, grey, scale, around)
        before = grey
        around = None if given is None else next(given, None)


def _small(frame: Any) -> tuple[Any, Floats]:
    """The frame in grey with its longer side at most LONGEST, and the scale of x and y that this took."""
    import cv2

    grey = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = min(1.0, LONGEST / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return grey, np.array([grey.shape[1] / width, grey.shape[0] / height])


def _between(before: Any, now: Any, scale: Floats, around: Floats | None) -> tuple[Floats, str]:
    import cv2

    corners = cv2.goodFeaturesToTrack(before, MOST_CORNERS, 0.01, APART, mask=_background(before.shape, around, scale))
    if corners is None or len(corners) < LEAST_CORNERS:
        return _identity(), f"{0 if corners is None else len(corners)} corners to follow"
    old, new = _followed(before, now, corners)
    if len(old) < LEAST_CORNERS:
        return _identity(), f"{len(old)} of {len(corners)} corners found again"
    matrix, kept = cv2.estimateAffinePartial2D(old, new, method=cv2.RANSAC, ransacReprojThreshold=_OFF)
    agreeing = 0 if matrix is None else int(kept.sum())
    if agreeing < max(LEAST_CORNERS, LEAST_SHARE * len(old)):
        return _identity(), f"{agreeing} of {len(old)} corners move as one"
    size = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if not LEAST_SCALE <= size <= MOST_SCALE:
        return _identity(), f"a change of scale by {size:.2f}"
    return _whole(matrix, scale), ""


def _background(shape: tuple[int, int], boxes: Floats | None, scale: Floats) -> Any:
    """Where corners may be taken from; None: anywhere."""
    if boxes is None or not len(boxes):
        return None
    mask = np.full(shape, 255, np.uint8)
    for x, y, w, h in boxes * np.tile(scale, 2):
        left, top = max(0, int(x)), max(0, int(y))
        mask[top : max(top, int(np.ceil(y + h))), left : max(left, int(np.ceil(x + w)))] = 0
    return mask


def _followed(before: Any, now: Any, corners: Any) -> tuple[Any, Any]:
    """Corners and where they went, of those that come back to where they were."""
    import cv2

    there, seen, _ = cv2.calcOpticalFlowPyrLK(before, now, corners, corners.copy())
    back, again, _ = cv2.calcOpticalFlowPyrLK(now, before, there, there.copy())
    missed = np.linalg.norm((back - corners).reshape(-1, 2), axis=1)
    good = (seen.ravel() == 1) & (again.ravel() == 1) & (missed < _BACK)
    return corners.reshape(-1, 2)[good], there.reshape(-1, 2)[good]


def _whole(matrix: Any, scale: Floats) -> Floats:
    """The motion between scaled frames, by centres of pixels, as one of whole frames, by their corner."""
    turn, shift = matrix[:, :2], matrix[:, 2]
    half = np.full(2, 0.5)
    return np.column_stack([turn * scale / scale[:, None], (shift + half - turn @ half) / scale]).astype(np.float64)


def _identity() -> Floats:
    return np.eye(2, 3)
