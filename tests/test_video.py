"""Video in and out: files a browser plays and seeks in, frames read back, and what is drawn on them."""

from __future__ import annotations

import base64
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import optotype
from chromium import Tab
from optotype.errors import InputError, MissingExtraError
from optotype.inference import draw, film, webm
from optotype.inference.draw import Painter, Shown
from optotype.inference.film import PART, Film
from optotype.inference.video import footage, is_video

cv2 = pytest.importorskip("cv2")

WIDTH, HEIGHT, RATE = 96, 64, 12.5


def level(i: int) -> int:
    """The grey of frame i; neighbours are far apart."""
    return 20 + i * 77 % 210


def grey(i: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    return np.full((height, width, 3), level(i), np.uint8)


def write(path: Path, frames: int, rate: float = RATE) -> Path:
    with Film(path, WIDTH, HEIGHT, rate, threads=2) as reel:
        for i in range(frames):
            reel.add(grey(i))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("film") / "made.webm", 2 * PART + 5)


def test_frames_come_back(made: Path) -> None:
    found = footage(made)
    assert (found.length, found.rate, found.width, found.height) == (2 * PART + 5, RATE, WIDTH, HEIGHT)
    means = [frame.mean() for frame in found.frames()]
    assert np.abs(np.array(means) - [level(i) for i in range(2 * PART + 5)]).max() < 4


def test_colours_are_kept_apart(tmp_path: Path) -> None:
    frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    frame[..., 0] = 200
    with Film(tmp_path / "red.webm", WIDTH, HEIGHT, 25) as reel:
        reel.add(frame)
    (back,) = footage(tmp_path / "red.webm").frames()
    assert np.abs(back.mean(axis=(0, 1)) - [200, 0, 0]).max() < 12


def test_few_parts_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 0
    with Film(tmp_path / "a.webm", WIDTH, HEIGHT, 25, threads=1) as reel:
        for i in range(6 * PART):
            reel.add(grey(i))
            most = max(most, len(reel._waiting))
    assert most == 1


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    def stopped() -> None:
        with Film(tmp_path / "a.webm", WIDTH, HEIGHT, 25) as reel:
            reel.add(grey(0))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stopped()
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_encoder_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(frames: list[np.ndarray], size: tuple[int, int]) -> list[bytes]:
        raise InputError("a", "b", "c", "d")

    monkeypatch.setattr(film, "_compressed", broken)
    with pytest.raises(InputError), Film(tmp_path / "a.webm", WIDTH, HEIGHT, 25) as reel:
        reel.add(grey(0))
    assert list(tmp_path.iterdir()) == []


def test_without_opencv_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optotype.errors.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"optotype\[video\]"):
        Film(tmp_path / "a.webm", WIDTH, HEIGHT, 25)
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(MissingExtraError, match=r"optotype\[video\]"):
        footage(tmp_path / "a.mp4")


@given(st.integers(0, 2**35 - 2), st.integers(1, 8))
def test_numbers_of_any_length_are_read(value: int, length: int) -> None:
    """RFC 8794: the position of the first bit set says how many bytes there are."""
    if value >= 2 ** (7 * length) - 1:
        return
    data = (value | 1 << 7 * length).to_bytes(length, "big")
    assert webm._number(data + b"rest", 0, keep=False) == (value, length)


PAGE = """<!doctype html><video muted></video><script>
const bytes = Uint8Array.from(atob("%s"), c => c.charCodeAt(0));
document.querySelector("video").src = URL.createObjectURL(new Blob([bytes], {type: "video/webm"}));
async function level(time) {
  const video = document.querySelector("video");
  await new Promise(done => { video.onseeked = done; video.currentTime = time; });
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0, 1, 1);
  return pen.getImageData(0, 0, 1, 1).data[1];
}
</script>"""


def test_a_browser_plays_it_and_seeks_in_it(made: Path, tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE % base64.b64encode(made.read_bytes()).decode())
    tab.open(tmp_path / "page.html")
    tab.wait("document.querySelector('video').readyState === 4")
    video = "document.querySelector('video')"
    assert tab.run(f"[{video}.videoWidth, {video}.videoHeight]") == [WIDTH, HEIGHT]
    assert math.isclose(tab.run(f"{video}.duration"), (2 * PART + 5) / RATE, abs_tol=0.001)
    assert tab.run(f"{video}.seekable.end(0)") > 4
    for i in (40, 3, 2 * PART, PART - 1, 0):
        assert abs(tab.run(f"level({(i + 0.5) / RATE})") - level(i)) < 6, i
    tab.run(f"{video}.currentTime = 0, {video}.play()")
    tab.wait(f"{video}.currentTime > 0.2")
    assert tab.troubles() == []


def test_the_video_of_real_frames_plays(tab: Tab, tmp_path: Path) -> None:
    data = os.environ.get("OPTOTYPE_DATA")
    if not data or not (Path(data) / "tud_campus").is_dir():
        pytest.skip("OPTOTYPE_DATA does not hold tud_campus")
    campus = Path(data) / "tud_campus"
    optotype.track(campus, tracker="sort", out=tmp_path / "out", truth=campus, video=True)
    film = tmp_path / "out" / "TUD-Campus.webm"
    (tmp_path / "page.html").write_text(PAGE % base64.b64encode(film.read_bytes()).decode())
    tab.open(tmp_path / "page.html")
    tab.wait("document.querySelector('video').readyState === 4")
    video = "document.querySelector('video')"
    assert tab.run(f"[{video}.videoWidth, {video}.videoHeight]") == [640, 480]
    assert math.isclose(tab.run(f"{video}.duration"), 71 / 25, abs_tol=0.001)
    assert 60 < tab.run("level(1.5)") < 200
    assert film.stat().st_size < 2_000_000
    assert tab.troubles() == []


def test_a_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    for i in (1, 2, 10):
        Image.fromarray(grey(i)).save(tmp_path / f"{i}.png")
    found = footage(tmp_path)
    assert (found.length, found.width, found.height) == (3, WIDTH, HEIGHT)
    assert math.isnan(found.rate)
    assert [int(frame[0, 0, 0]) for frame in found.frames()] == [level(1), level(2), level(10)]


def test_what_is_no_footage_is_told(tmp_path: Path, made: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    (tmp_path / "cut.webm").write_bytes(made.read_bytes()[:400])
    (tmp_path / "empty").mkdir()
    for name, got in (
        ("noise.mp4", "cannot open"),
        ("cut.webm", "cannot open|decoded"),
        ("empty", "no image"),
        ("nowhere.mp4", "no such file"),
    ):
        with pytest.raises(InputError, match=got):
            footage(tmp_path / name)
    assert capfd.readouterr().err == ""
    assert is_video(tmp_path / "noise.mp4")
    assert not is_video(tmp_path / "empty")


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, float).reshape(-1, 4)


def painted(shown: Shown, painter: Painter | None = None, pixels: np.ndarray | None = None) -> np.ndarray:
    painter = painter or Painter((200, 160), (200, 160))
    return np.array(painter.paint(pixels, shown))


def places(picture: np.ndarray, wanted: draw.Colour) -> set[tuple[int, int]]:
    y, x = np.nonzero((picture == np.array(wanted)).all(axis=2))
    return set(zip(x.tolist(), y.tolist(), strict=True))


def test_a_box_lies_where_it_should_in_its_own_colour() -> None:
    found = painted(Shown(boxes((40, 60, 30, 50)), np.array([7])))
    own = places(found, draw.colour(7))
    assert {(40, 80), (70, 80), (55, 60), (55, 110)} <= own
    assert tuple(found[85, 55]) == draw.BLANK
    assert all(20 <= x <= 71 and 40 <= y <= 111 for x, y in own)


def test_boxes_shrink_with_the_picture() -> None:
    pixels = np.full((160, 200, 3), 9, np.uint8)
    found = painted(Shown(boxes((40, 60, 30, 50)), np.array([7])), Painter((200, 160), (100, 80)), pixels)
    assert found.shape == (80, 100, 3)
    assert {(20, 40), (35, 40)} <= places(found, draw.colour(7))
    assert tuple(found[42, 27]) == (9, 9, 9)


def test_a_trail_of_thirty_frames_follows_the_feet() -> None:
    painter = Painter((400, 160), (400, 160))
    for i in range(60):
        found = painted(Shown(boxes((10 + 5 * i, 20, 10, 100)), np.array([3])), painter)
    trail = {x for x, y in places(found, draw.colour(3)) if y in (120, 121) and x < 300}
    assert 15 + 5 * 29 <= min(trail) <= 15 + 5 * 29 + 1


def test_what_is_gone_is_forgotten() -> None:
    painter = Painter((200, 160), (200, 160))
    for i in range(100):
        painted(Shown(boxes((40, 60, 30, 50)), np.array([i])), painter)
    assert len(painter._been) == draw.TRAIL + 1


def test_a_trail_leaves_a_gap_open_and_ends_with_its_track() -> None:
    painter = Painter((200, 160), (200, 160))
    painted(Shown(boxes((0, 60, 10, 50)), np.array([1])), painter)
    painted(Shown(boxes(), np.zeros(0, int)), painter)
    found = painted(Shown(boxes((150, 60, 10, 50)), np.array([1])), painter)
    assert not [x for x, y in places(found, draw.colour(1)) if x < 148]
    assert not places(painted(Shown(boxes(), np.zeros(0, int)), painter), draw.colour(1))


def test_truth_is_dashed_and_what_is_missed_is_red() -> None:
    shown = Shown(
        boxes(), np.zeros(0, int), truth=boxes((20, 20, 40, 60), (120, 20, 40, 60)), missed=np.array([False, True])
    )
    found = painted(shown)
    along = [tuple(found[20, x]) for x in range(20, 60)]
    assert 10 < along.count((255, 255, 255)) < 30
    assert {y for x, y in places(found, draw._WRONG) if x == 160}
    assert not {x for x, y in places(found, draw._WRONG) if x < 100}


def test_what_is_wrong_with_a_box_stands_around_it() -> None:
    shown = Shown(boxes((20, 40, 40, 60), (120, 40, 40, 60)), np.array([1, 2]), wrong=["", "false"])
    found = painted(shown)
    assert {x for x, _ in places(found, draw._WRONG)} >= {117, 163}
    assert min(x for x, _ in places(found, draw._WRONG)) >= 115


def test_texts_stay_in_the_picture() -> None:
    shown = Shown(boxes((-30, -30, 60, 60), (190, 150, 60, 60)), np.array([123456, 7]), wrong=["false", "false"])
    assert painted(shown).shape == (160, 200, 3)
    text = Painter((200, 160), (200, 160)).paint(None, shown, "a caption that is far wider than the picture is")
    assert text.size == (200, 160)


@given(st.integers(0, 10**9), st.integers(1, 12))
def test_colours_of_neighbours_differ_and_never_change(identity: int, step: int) -> None:
    one, other = np.array(draw.colour(identity)), np.array(draw.colour(identity + step))
    assert np.abs(one - other).max() > 20
    assert draw.colour(identity) == tuple(one)


@given(st.integers(1, 8000), st.integers(1, 8000), st.integers(64, 2000))
def test_fitted_sizes_are_even_and_in_proportion(width: int, height: int, longest: int) -> None:
    w, h = draw.fitted(width, height, longest)
    assert w % 2 == h % 2 == 0
    assert max(w, h) <= max(longest, 16)
    if min(w, h) > 16:
        assert abs(w / h - width / height) / (width / height) < 2.5 / min(w, h)


def test_boxes_of_files_count_from_1() -> None:
    np.testing.assert_array_equal(draw.counted_from_0(boxes((1, 1, 10, 20))), boxes((0, 0, 10, 20)))
