"""Label maps move exactly as their images do, at any height and width."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from optotype.tables import VOID
from optotype.training.augment import apply, crop_boxes, draw, move, uniforms
from optotype.training.cache import nearest
from optotype.training.config import Augment

LEVELS = np.tile(np.arange(256, dtype=np.uint8), (3, 1))
BLACK = np.zeros(3, np.uint8)
MOVES = Augment(crop=0.4, flip=0.5, flip_vertical=0.5, rotation=30, scale=0.7, randaugment=2)
Maps = NDArray[np.uint8]


def random_map(seed: int, height: int, width: int) -> Maps:
    return np.random.default_rng(seed).integers(0, 5, (height, width)).astype(np.uint8)


@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 30))
def test_moving_equals_its_slow_twin(seed: int, height: int, width: int) -> None:
    labels = random_map(seed, height, width)
    draws = draw(MOVES, np.arange(3), size=(height, width), seed=seed, epoch=1)
    for i in range(3):
        moved = move(labels, draws, i)
        m = draws.matrix[i]
        for y in range(height):
            for x in range(width):
                sx, sy = (m @ [x + 0.5, y + 0.5, 1.0]).tolist()
                near = min(abs(v - round(v)) for v in (sx, sy)) < 1e-6
                inside = 0 <= sx < width and 0 <= sy < height
                assert near or moved[y, x] == (labels[int(sy), int(sx)] if inside else VOID)


@pytest.mark.parametrize("size", [(24, 40), (40, 24)])
def test_labels_stay_on_their_pixels(size: tuple[int, int]) -> None:
    """An image that shows its own label map in flat blocks: away from edges, pixels and labels agree after any move."""
    labels = random_map(0, size[0] // 8, size[1] // 8).repeat(8, 0).repeat(8, 1)
    image = (labels[..., None] * 50 + 20).repeat(3, 2).astype(np.uint8)
    rows = np.arange(40)
    geometry = Augment(crop=0.4, flip=0.5, flip_vertical=0.5, rotation=30, scale=0.7)
    draws = draw(geometry, rows, size=size, seed=3, epoch=0)
    compared = 0
    for i in rows.tolist():
        out = np.empty_like(image)
        apply(image, draws, i, LEVELS, BLACK, out)
        moved = move(labels, draws, i)
        exact = (out[..., 0] - 20) % 50 == 0
        flat = (moved != VOID) & exact & (out[..., 0] >= 20)
        assert (moved[flat] == (out[..., 0][flat] - 20) // 50).mean() > 0.99
        assert (out[moved == VOID] == 0).all()
        compared += int(flat.sum())
    assert compared > 0.4 * len(rows) * size[0] * size[1]


def test_colour_and_erasing_leave_labels_as_they_are() -> None:
    labels = random_map(1, 9, 14)
    draws = draw(Augment(brightness=0.5, hue=0.3, erasing=1.0), np.arange(4), size=(9, 14), seed=0, epoch=0)
    assert all((move(labels, draws, i) == labels).all() for i in range(4))


@pytest.mark.parametrize(("setting", "axis"), [("flip", 1), ("flip_vertical", 0)])
def test_flips_of_oblong_images_are_exact(setting: str, axis: int) -> None:
    labels = random_map(2, 9, 14)
    draws = draw(Augment(**{setting: 1.0}), np.arange(2), size=(9, 14), seed=0, epoch=0)
    assert (move(labels, draws, 0) == np.flip(labels, axis)).all()


def test_zoom_is_log_even_and_keeps_the_smaller_one_inside() -> None:
    height, width = 60, 90
    matrix = draw(Augment(scale=1.0), np.arange(4000), size=(height, width), seed=0, epoch=0).matrix
    zoom = 1 / matrix[:, 0, 0]
    assert (matrix[:, 0, 0] == matrix[:, 1, 1]).all()
    assert zoom.min() >= 0.5
    assert zoom.max() <= 2.0
    assert np.mean(zoom < 1) == pytest.approx(0.5, abs=0.03)
    for axis, side in ((0, width), (1, height)):
        first, last = matrix[:, axis, 2], matrix[:, axis, 2] + side * matrix[:, axis, axis]
        assert (first[zoom >= 1] >= -1e-9).all()
        assert (last[zoom >= 1] <= side + 1e-9).all()
        assert (first[zoom < 1] <= 1e-9).all()
        assert (last[zoom < 1] >= side - 1e-9).all()


def test_zoom_changes_no_other_draw() -> None:
    plain, zoomed = (
        draw(Augment(brightness=0.4, erasing=0.5, scale=s), np.arange(9), size=(8, 8), seed=1, epoch=2)
        for s in (0.0, 0.5)
    )
    assert (plain.value == zoomed.value).all()
    assert (plain.erased == zoomed.erased).all()


@given(st.floats(0.05, 1), st.integers(8, 60), st.integers(8, 60), st.integers(0, 999))
def test_crops_lie_inside_and_keep_the_shape_of_the_photo(least: float, height: int, width: int, seed: int) -> None:
    boxes = crop_boxes(least, uniforms(seed, 0, 0, np.arange(20), 22), (height, width))
    top, left, h, w = boxes.T
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (top + h <= height).all()
    assert (left + w <= width).all()
    ratio = (w / width) / (h / height)
    slack = 1 + 1 / h + 1 / w
    assert (ratio < 4 / 3 * slack).all()
    assert (ratio > 3 / 4 / slack).all()


@given(st.integers(0, 99), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_nearest_takes_the_pixel_under_each_centre(seed: int, h: int, w: int, height: int, width: int) -> None:
    labels = random_map(seed, h, w)
    found = nearest(labels, (height, width))
    y, x = (np.arange(height) + 0.5) * h / height, (np.arange(width) + 0.5) * w / width
    sure = (np.abs(y - np.round(y)) > 1e-9)[:, None] & (np.abs(x - np.round(x)) > 1e-9)
    assert (found == labels[y.astype(int)[:, None], x.astype(int)])[sure].all()
    assert (nearest(labels, (h, w)) == labels).all()
