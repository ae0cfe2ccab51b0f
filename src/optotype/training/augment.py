"""Random changes of training images: drawn for a whole batch at once, applied to one image at a time.

What is drawn depends on (seed, epoch, item row) alone; each parameter reads its own random words, so that
switching one augmentation on changes no draw of another. Distributions are torchvision's (RandomResizedCrop,
RandomRotation, ColorJitter with its random order, RandAugment's list and bins, RandomErasing). Two things
differ, for speed and for fewer black corners: all geometry is composed into one bilinear resampling of the
cached photo, so that a point outside the crop but inside the photo shows the photo (beyond it: black); and
geometry comes before colour, within RandAugment too. Of photos that are no squares, the aspect ratio of a crop is
relative to the photo's. Label maps are moved by the same matrices; colours and erased rectangles leave them as they
are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels import augment as kernels
from optotype.kernels.philox import philox
from optotype.tables import VOID
from optotype.training.config import Augment

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Size = tuple[int, int]
"""Height and width."""

TRIES = 10
"""Boxes tried for a crop or an erased rectangle before going without."""
CROP_RATIO = (3 / 4, 4 / 3)
ERASED_AREA = (0.02, 0.33)
ERASED_RATIO = (0.3, 3.3)
BINS = 31
"""Magnitudes of RandAugment."""

IMAGES, ORDER, ZOOM = range(3)
"""Random streams: the changes of images, the order of an epoch, the zoom of images."""

# The first random word of each parameter.
_CROP, _FLIP, _ROTATION, _JITTER, _ERASE, _RANDAUGMENT = 0, 22, 24, 25, 33, 56

_GEOMETRIC = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
_COLOUR = ("brightness", "color", "contrast", "sharpness", "posterize", "solarize", "autocontrast", "equalize")
RANDAUGMENT = ("identity", *_GEOMETRIC, *_COLOUR)
"""RandAugment's operations; each is as likely as the others."""
_FACTORS = ("brightness", "color", "contrast", "sharpness")
_MOVES = [RANDAUGMENT.index(name) for name in _GEOMETRIC]
_SCALES = [RANDAUGMENT.index(name) for name in _FACTORS]
_CODE = np.array(
    [kernels.NONE] * 6
    + [kernels.BRIGHTNESS, kernels.SATURATION, kernels.CONTRAST, kernels.SHARPNESS]
    + [kernels.POSTERIZE, kernels.SOLARIZE, kernels.AUTOCONTRAST, kernels.EQUALIZE],
    np.int64,
)


@dataclass(frozen=True, eq=False)
class Draws:
    """What happens to each of n images, m colour operations at most.

    ``matrix`` (n, 2, 3) maps points of the result to points of the cached photo, in pixels from the top left
    corner; ``moved`` (n,) is False where it changes nothing. ``code`` and ``value`` (n, m) are the colour
    operations in order. ``erased`` (n, 4) is the blanked rectangle: top, left, height, width; height 0 = none.
    """

    matrix: Floats
    moved: NDArray[np.bool_]
    code: NDArray[np.int64]
    value: NDArray[np.float32]
    erased: NDArray[np.int64]


def uniforms(seed: int, stream: int, epoch: int, rows: Rows, k: int) -> Floats:
    """Random numbers in [0, 1), shape (n, k), that depend only on (seed, stream, epoch, row, column).

    >>> a = uniforms(0, IMAGES, 3, np.array([5, 9]), 4)
    >>> bool((a[1:] == uniforms(0, IMAGES, 3, np.array([9]), 4)).all())
    True
    """
    words = np.empty((len(rows), k), np.uint32)
    philox(np.uint64(seed % 2**64), np.uint64(stream), np.uint64(epoch), rows.astype(np.uint64), words)
    return words.astype(np.float64) * 2.0**-32


def draw(augment: Augment, rows: Rows, *, size: int | tuple[int, int], seed: int, epoch: int) -> Draws:
    """Draw what happens to the items ``rows`` (n,) in one epoch, for images of ``size`` pixels: side, or height and
    width.
    """
    size = (size, size) if isinstance(size, int) else size
    k = augment.randaugment
    u = uniforms(seed, IMAGES, epoch, rows, _RANDAUGMENT + 2 * k)
    operation = np.minimum(u[:, _RANDAUGMENT::2] * len(RANDAUGMENT), len(RANDAUGMENT) - 1).astype(np.int64)
    magnitude = _magnitudes(augment.randaugment_magnitude, size)[operation]
    magnitude = np.where(
        np.isin(operation, _MOVES + _SCALES) & (u[:, _RANDAUGMENT + 1 :: 2] < 0.5), -magnitude, magnitude
    )
    matrix, moved = _geometry(augment, u, size)
    if augment.scale > 0:
        matrix = matrix @ _zooms(augment.scale, uniforms(seed, ZOOM, epoch, rows, 3), size)
        moved[:] = True
    for j in range(k):
        matrix = matrix @ _randaugment_matrix(operation[:, j], magnitude[:, j], size)
        moved |= np.isin(operation[:, j], _MOVES) & (magnitude[:, j] != 0)
    jitter_code, jitter_value = _jitter(augment, u)
    factor = np.isin(operation, _SCALES)
    code = np.hstack([jitter_code, _CODE[operation]])
    value = np.hstack([jitter_value, np.where(factor, 1 + magnitude, magnitude)])
    used = (code != kernels.NONE).any(axis=0)
    erased = _erased(augment.erasing, u[:, _ERASE:_RANDAUGMENT], size)
    return Draws(
        np.ascontiguousarray(matrix[:, :2]),
        moved,
        np.ascontiguousarray(code[:, used]),
        np.ascontiguousarray(value[:, used], np.float32),
        erased,
    )


def apply(
    image: NDArray[np.uint8], draws: Draws, i: int, table: NDArray[Any], blank: NDArray[Any], out: NDArray[Any]
) -> None:
    """Change one photo (h, w, 3) as row ``i`` of ``draws`` says and write it to ``out`` (h, w, 3), any layout.

    ``table`` (3, 256) gives the value of every channel and level in the type of ``out``; ``blank`` (3,) is what
    an erased pixel becomes. The photo itself stays as it is.
    """
    if draws.moved[i]:
        work = np.empty((*out.shape[:2], 3), np.uint8)
        kernels.resample(image, draws.matrix[i], work)
        image = work
    elif (draws.code[i] != kernels.NONE).any():
        image = image.copy()
    kernels.recolour(image, draws.code[i], draws.value[i])
    kernels.normalise(image, table, out)
    top, left, height, width = draws.erased[i]
    out[top : top + height, left : left + width] = blank


def move(labels: NDArray[np.uint8], draws: Draws, i: int) -> NDArray[np.uint8]:
    """A label map (h, w) moved as row ``i`` of ``draws`` moves its photo; ``VOID`` beyond it."""
    if not draws.moved[i]:
        return labels
    moved = np.empty_like(labels)
    kernels.resample_labels(labels, draws.matrix[i], VOID, moved)
    return moved


def _geometry(augment: Augment, u: Floats, size: Size) -> tuple[Floats, NDArray[np.bool_]]:
    """Crop, flips and rotation: matrices (n, 3, 3) from result to photo, and where they change anything."""
    n = len(u)
    matrix = np.tile(np.eye(3), (n, 1, 1))
    moved = np.zeros(n, np.bool_)
    if augment.crop < 1:
        top, left, height, width = crop_boxes(augment.crop, u[:, _CROP:_FLIP], size).T
        matrix[:, 0, 0], matrix[:, 1, 1] = width / size[1], height / size[0]
        matrix[:, 0, 2], matrix[:, 1, 2] = left, top
        moved |= (width < size[1]) | (height < size[0])
    for axis, share in enumerate((augment.flip, augment.flip_vertical)):
        flip = u[:, _FLIP + axis] < share
        turn = np.tile(np.eye(3), (n, 1, 1))
        turn[flip, axis, axis], turn[flip, axis, 2] = -1, size[1 - axis]
        matrix = matrix @ turn
        moved |= flip
    if augment.rotation > 0:
        matrix = matrix @ _rotations(augment.rotation * (2 * u[:, _ROTATION] - 1), size)
        moved[:] = True
    return matrix, moved


def _zooms(most: float, u: Floats, size: Size) -> Floats:
    """Result-to-photo matrices (n, 3, 3): magnified by 1 / (1 + most) to 1 + most, log-evenly, at an even place of
    those where the one of photo and result that is smaller lies inside the other; ``u`` (n, 3) is uniform.
    """
    share = _log_even((1 / (1 + most), 1 + most), u[:, 0])
    matrix = np.tile(np.eye(3), (len(u), 1, 1))
    for axis in range(2):
        matrix[:, axis, axis] = share
        matrix[:, axis, 2] = size[1 - axis] * (1 - share) * u[:, 1 + axis]
    return matrix


def _rotations(degrees: Floats, size: Size) -> Floats:
    """Result-to-photo matrices (n, 3, 3) of counter-clockwise rotations about the centre."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    y, x = size[0] / 2, size[1] / 2
    matrix = np.tile(np.eye(3), (len(degrees), 1, 1))
    matrix[:, 0, 0], matrix[:, 0, 1], matrix[:, 0, 2] = cosine, -sine, x * (1 - cosine + sine * (y / x))
    matrix[:, 1, 0], matrix[:, 1, 1], matrix[:, 1, 2] = sine, cosine, y * (1 - cosine - sine * (x / y))
    return matrix


def crop_boxes(least: float, u: Floats, size: int | Size) -> NDArray[np.int64]:
    """Boxes (n, 4) of RandomResizedCrop: top, left, height, width. ``u`` (n, 22) is uniform.

    Area in [least, 1] of the photo's, the log of the aspect ratio even between 3/4 and 4/3 of the photo's; the whole
    photo where none of ten tries fits.
    """
    size = (size, size) if isinstance(size, int) else size
    area = size[0] * size[1] * (least + (1 - least) * u[:, :TRIES])
    ratio = _log_even(CROP_RATIO, u[:, TRIES : 2 * TRIES]) * (size[1] / size[0])
    width, height = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
    fits = (width > 0) & (width <= size[1]) & (height > 0) & (height <= size[0])
    return _placed(fits, height, width, u[:, 2 * TRIES :], size, otherwise=size)


def _erased(share: float, u: Floats, size: Size) -> NDArray[np.int64]:
    """Rectangles (n, 4) of RandomErasing; ``u`` (n, 23) is uniform, its first column decides whether at all."""
    low, high = ERASED_AREA
    area = size[0] * size[1] * (low + (high - low) * u[:, 1 : 1 + TRIES])
    ratio = _log_even(ERASED_RATIO, u[:, 1 + TRIES : 1 + 2 * TRIES])
    height, width = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
    fits = (height < size[0]) & (width < size[1])
    boxes = _placed(fits, height, width, u[:, 1 + 2 * TRIES :], size, otherwise=(0, 0))
    boxes[u[:, 0] >= share] = 0
    return boxes


def _log_even(between: tuple[float, float], u: Floats) -> Floats:
    low, high = math.log(between[0]), math.log(between[1])
    return np.exp(low + (high - low) * u)


def _placed(
    fits: NDArray[np.bool_], height: Floats, width: Floats, u: Floats, size: Size, *, otherwise: Size
) -> NDArray[np.int64]:
    """The first of each row's tries that fits, put at an even random place; else one of the size ``otherwise``."""
    first = (np.arange(len(fits)), fits.argmax(axis=1))
    found = fits.any(axis=1)
    h, w = np.where(found, height[first], otherwise[0]), np.where(found, width[first], otherwise[1])
    top, left = np.floor(u[:, 0] * (size[0] - h + 1)), np.floor(u[:, 1] * (size[1] - w + 1))
    return np.stack([top, left, h, w], axis=1).astype(np.int64)


def _jitter(augment: Augment, u: Floats) -> tuple[NDArray[np.int64], Floats]:
    """ColorJitter: codes and values, both (n, 4), in a random order for each image."""
    strengths = (augment.brightness, augment.contrast, augment.saturation)
    value = np.empty((len(u), 4))
    for j, strength in enumerate(strengths):
        low, high = max(0.0, 1 - strength), 1 + strength
        value[:, j] = low + (high - low) * u[:, _JITTER + j]
    value[:, 3] = augment.hue * (2 * u[:, _JITTER + 3] - 1)
    codes = [kernels.BRIGHTNESS, kernels.CONTRAST, kernels.SATURATION, kernels.HUE]
    on = [strength > 0 for strength in (*strengths, augment.hue)]
    code = np.where(on, codes, kernels.NONE)
    order = np.argsort(u[:, _JITTER + 4 : _JITTER + 8], axis=1, kind="stable")
    return code[order], np.take_along_axis(value, order, axis=1)


def _magnitudes(magnitude: int, size: Size) -> Floats:
    """What each of RandAugment's operations does at this magnitude; shears as slopes, shifts in whole pixels."""
    part = magnitude / (BINS - 1)
    down, right = (math.floor(150 / 331 * side * part) for side in size)
    change = 0.9 * part
    bits = float(np.rint(8 - 4 * part))
    table = {
        "shear_x": 0.3 * part, "shear_y": 0.3 * part,
        "translate_x": right, "translate_y": down, "rotate": 30 * part,
        "brightness": change, "color": change, "contrast": change, "sharpness": change,
        "posterize": bits, "solarize": 255 * (1 - part),
    }  # fmt: skip
    return np.array([table.get(name, 0.0) for name in RANDAUGMENT])


def _randaugment_matrix(operation: NDArray[np.int64], magnitude: Floats, size: Size) -> Floats:
    """Result-to-photo matrices (n, 3, 3) of one RandAugment step; identity for a colour operation."""
    matrix = np.tile(np.eye(3), (len(operation), 1, 1))
    for name, (row, column) in {
        "shear_x": (0, 1),
        "shear_y": (1, 0),
        "translate_x": (0, 2),
        "translate_y": (1, 2),
    }.items():
        chosen = operation == RANDAUGMENT.index(name)
        matrix[chosen, row, column] = magnitude[chosen] * (-1 if column == 2 else 1)
    turned = operation == RANDAUGMENT.index("rotate")
    matrix[turned] = _rotations(magnitude[turned], size)
    return matrix
