"""Camera motion: known motions of a made picture are found to a third of a pixel, real ones are plausible."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from optotype.association import camera
from optotype.data.images import decode
from optotype.errors import MissingExtraError

cv2 = pytest.importorskip("cv2")

WIDTH, HEIGHT = 720, 540


def picture(seed: int = 0) -> np.ndarray:
    """Blobs of all sizes, so that there are corners at any scale."""
    rng = np.random.default_rng(seed)
    whole = np.zeros((HEIGHT, WIDTH, 3))
    for cells in (12, 40, 120):
        coarse = rng.uniform(0, 255, (cells, cells * 4 // 3, 3)).astype(np.float32)
        whole += cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) / 3
    return whole.clip(0, 255).astype(np.uint8)


def moved(frame: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The frame after a motion of places measured from the corner; OpenCV's are measured from a pixel's centre."""
    half = np.full(2, 0.5)
    centred = np.column_stack([matrix[:, :2], matrix[:, 2] + matrix[:, :2] @ half - half])
    return cv2.warpAffine(frame, centred, (frame.shape[1], frame.shape[0]), flags=cv2.INTER_CUBIC, borderMode=4)


def turn(degrees: float, scale: float, x: float, y: float) -> np.ndarray:
    """A turn about the picture's middle and a shift."""
    angle = np.deg2rad(degrees)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([WIDTH / 2, HEIGHT / 2])
    return np.column_stack([linear, middle - linear @ middle + [x, y]])


def off(a: np.ndarray, b: np.ndarray) -> float:
    """The greatest distance that two motions put between them, over the corners and the middle of the frame."""
    places = np.array([[0, 0], [WIDTH, 0], [0, HEIGHT], [WIDTH, HEIGHT], [WIDTH / 2, HEIGHT / 2]], float)
    put = [places @ m[:, :2].T + m[:, 2] for m in (a, b)]
    return float(np.linalg.norm(put[0] - put[1], axis=1).max())


@pytest.mark.parametrize(
    "motion",
    [(0, 1, 0, 0), (0, 1, 7.3, -4.6), (0, 1, -18, 11), (1.5, 1, 0, 0), (-0.8, 1.02, 3, 5), (0, 0.97, -2, 1)],
    ids=str,
)
def test_known_motions_are_found(motion: tuple[float, float, float, float]) -> None:
    true = turn(*motion)
    first = picture()
    found = camera.estimate([first, moved(first, true)])
    assert found.reason == ("the first frame", "")
    assert found.known.tolist() == [False, True]
    assert off(found.matrix[1], true) <= 0.3
    np.testing.assert_array_equal(found.matrix[0], np.eye(2, 3))


def test_an_object_that_moves_by_itself_does_not_count() -> None:
    true = turn(0, 1, 4, 2)
    first = picture()
    second = moved(first, true)
    first[100:400, 200:450] = picture(1)[100:400, 200:450]
    second[100:400, 225:475] = first[100:400, 200:450]
    found = camera.estimate([first, second])
    assert off(found.matrix[1], true) <= 0.3


def test_boxes_keep_corners_away_from_what_moves() -> None:
    """Two thirds of the picture move to the left: only who is told leaves them out."""
    true = turn(0, 1, 0, 3)
    first = picture()
    second = moved(first, true)
    first[:, :480] = picture(1)[:, :480]
    second[:, :460] = first[:, 20:480]
    second[:, 460:480] = 128
    frames = [first, second]
    boxes = np.array([[0.0, 0, 480, HEIGHT]])
    assert off(camera.estimate(frames).matrix[1], true) > 5
    assert off(camera.estimate(frames, [boxes, boxes]).matrix[1], true) <= 0.3


def test_the_same_frames_give_the_same_bits() -> None:
    frames = [moved(picture(), turn(0.3 * i, 1, 2 * i, -i)) for i in range(5)]
    one, two = camera.estimate(frames), camera.estimate(frames)
    np.testing.assert_array_equal(one.matrix, two.matrix)
    grey = camera.estimate([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames])
    np.testing.assert_array_equal(grey.matrix, one.matrix)


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (np.full((HEIGHT, WIDTH, 3), 90, np.uint8), "corners found again"),
        (picture()[:500], "another size"),
        (picture(7), "move as one|found again|change of scale"),
    ],
)
def test_what_cannot_be_estimated_is_no_motion_with_a_reason(second: np.ndarray, reason: str) -> None:
    found = camera.estimate([picture(), second])
    assert re.search(reason, found.reason[1])
    np.testing.assert_array_equal(found.matrix[1], np.eye(2, 3))


def test_nothing_to_follow() -> None:
    plain = np.full((HEIGHT, WIDTH), 90, np.uint8)
    assert camera.estimate([plain, plain]).reason[1] == "0 corners to follow"
    assert camera.estimate([]).matrix.shape == (0, 2, 3)


def test_two_frames_are_held_at_a_time() -> None:
    asked = []

    def frames() -> Iterator[np.ndarray]:
        for i in range(6):
            asked.append(i)
            yield picture()

    steps = camera._steps(frames(), None)
    next(iter(steps))
    assert asked == [0]


def test_without_opencv_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optotype.errors.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"optotype\[video\]"):
        camera.estimate([picture()])


@pytest.mark.parametrize("folder", ["tud_campus/TUD-Campus", "mot17_mini/MOT17-02-FRCNN", "mot17_mini/MOT17-04-FRCNN"])
def test_cameras_that_stand_still(folder: str) -> None:
    """All three were filmed from a tripod, with people walking through."""
    data = os.environ.get("OPTOTYPE_DATA")
    if not data or not (Path(data) / folder).is_dir():
        pytest.skip("OPTOTYPE_DATA does not hold the frames")
    files = sorted((Path(data) / folder / "img1").glob("*.jpg"))[:12]
    found = camera.estimate(map(decode, files))
    height, width = decode(files[0]).shape[:2]
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], float)
    assert found.known[1:].all()
    for matrix in found.matrix[1:]:
        assert np.abs(corners @ matrix[:, :2].T + matrix[:, 2] - corners).max() < 1.5
