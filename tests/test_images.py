"""One decode path for every image: orientation, modes, reduced scale, and damaged files."""

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from optotype.data import images
from optotype.data.images import ImageError, decode
from optotype.data.inspection import inspect
from optotype.errors import InputError

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]], np.uint8)


def corners() -> np.ndarray:
    """64 × 48 with a colour in each corner: no two orientations look alike."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24, :32], picture[:24, 32:], picture[24:, :32], picture[24:, 32:] = COLOURS
    return picture


def stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """What a camera stores so that ``orientation`` turns it into ``upright``; from the EXIF standard's table."""
    rows_first = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: a.transpose(1, 0, 2)[::-1],
        7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
        8: lambda a: a.transpose(1, 0, 2)[:, ::-1],
    }
    return np.ascontiguousarray(rows_first[orientation](upright))


def save(path: Path, array: np.ndarray, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {".webp": {"lossless": True}, ".jpg": {"quality": 95, "subsampling": 0}}.get(path.suffix, {})
    Image.fromarray(array).save(path, exif=exif, **options)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_alike_on_every_path(tmp_path, suffix, orientation):
    path = tmp_path / f"a{suffix}"
    save(path, stored(corners(), orientation), orientation)
    for at_least in (None, 12, 24):
        found = decode(path, at_least)
        small = found[:: found.shape[0] // 12, :: found.shape[1] // 16].astype(int)
        assert np.abs(small - corners()[::4, ::4]).max() < 40
    looked = inspect([path], threads=1)
    assert (looked.width[0], looked.height[0]) == (64, 48)
    picture = looked.picture[0].reshape(16, 16, 3).astype(int)
    assert np.abs(picture[[2, 2, 13, 13], [2, 13, 2, 13]] - COLOURS).max() < 40


def test_unknown_orientation_and_damaged_exif_leave_the_picture_as_stored(tmp_path):
    save(tmp_path / "nine.png", corners(), 9)
    assert np.array_equal(decode(tmp_path / "nine.png"), corners())
    Image.fromarray(corners()).save(tmp_path / "bad.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff rubbish", quality=95)
    assert decode(tmp_path / "bad.jpg").shape == (48, 64, 3)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 80), st.sampled_from([1, 6]))
def test_reduced_scale_keeps_the_shorter_side(tmp_path_factory, width, height, at_least, orientation):
    path = tmp_path_factory.mktemp("r") / "a.jpg"
    save(path, np.zeros((height, width, 3), np.uint8), orientation)
    found = decode(path, at_least)
    shorter = min(found.shape[:2])
    assert shorter >= min(at_least, width, height)
    assert (found.shape[0] > found.shape[1]) == ((width > height) if orientation == 6 else (height > width)) or abs(
        width - height
    ) < 8
    if min(width, height) >= 16 * at_least:
        assert shorter < min(width, height)


def test_modes_become_rgb_as_displayed(tmp_path):
    gray = np.arange(0, 256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(gray).save(tmp_path / "l.png")
    assert np.array_equal(decode(tmp_path / "l.png"), np.repeat(gray[:, :, None], 3, axis=2))
    Image.fromarray(gray.astype(np.uint16) * 257).save(tmp_path / "16.png")
    assert np.array_equal(decode(tmp_path / "16.png"), decode(tmp_path / "l.png"))
    Image.fromarray(corners()).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=98)
    assert np.abs(decode(tmp_path / "cmyk.jpg").astype(int) - corners()).mean() < 3
    Image.fromarray(gray > 127).save(tmp_path / "1.png")
    assert set(np.unique(decode(tmp_path / "1.png"))) == {0, 255}
    seen = np.zeros((4, 4, 4), np.uint8)
    seen[:2] = [10, 20, 30, 255]
    Image.fromarray(seen).save(tmp_path / "rgba.png")
    assert decode(tmp_path / "rgba.png")[0, 0].tolist() == [10, 20, 30]
    assert decode(tmp_path / "rgba.png")[3, 0].tolist() == [255, 255, 255]


def test_palette_with_transparency(tmp_path):
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((3, 3), 1)
    image.save(tmp_path / "p.png", transparency=bytes([0, 255]))  # bytes make Pillow warn on a direct conversion
    found = decode(tmp_path / "p.png")
    assert found[0, 0].tolist() == [255, 255, 255]
    assert found[3, 3].tolist() == [0, 0, 255]


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for name in ("a.gif", "a.webp"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], lossless=True)
        assert np.abs(decode(tmp_path / name)[0, 0].astype(int) - [255, 0, 0]).max() < 3


def test_values_without_an_agreed_range_are_refused(tmp_path):
    Image.fromarray(np.full((4, 4), 1e6, np.float32)).save(tmp_path / "f.tif")
    Image.fromarray(np.full((4, 4), 10**6, np.int32)).save(tmp_path / "i.tif")
    for name in ("f.tif", "i.tif"):
        with pytest.raises(ImageError, match="range is not known"):
            decode(tmp_path / name)


def png_of(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [13_400, 60_000])
def test_a_decompression_bomb_is_an_error_not_a_warning(tmp_path, side):
    (tmp_path / "bomb.png").write_bytes(png_of(side, side))
    with pytest.raises(ImageError, match="pixels"):
        decode(tmp_path / "bomb.png")
    assert "pixels" in inspect([tmp_path / "bomb.png"]).problem[0]


def test_warnings_of_pillow_do_not_leak(tmp_path):
    (tmp_path / "large.png").write_bytes(png_of(10_000, 9_500))  # above Pillow's warning, below its error
    Image.fromarray(corners()).save(tmp_path / "bad.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\x10\0" + b"\xff" * 30)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ImageError):
            decode(tmp_path / "large.png")
        decode(tmp_path / "bad.jpg")
    assert not caught


def damaged(tmp_path: Path) -> dict[str, Path]:
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(whole, "JPEG")
    files = {
        "empty.jpg": b"",
        "text.jpg": b"not an image at all",
        "cut.jpg": whole.getvalue()[: len(whole.getvalue()) // 2],
        "header.jpg": whole.getvalue()[:25],
        "html.png": b"<!doctype html><script>alert(1)</script>",
        "eps.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.jpg").mkdir()
    return {name: tmp_path / name for name in [*files, "folder.jpg", "missing.jpg"]}


def test_damaged_files_are_image_errors_with_the_reason(tmp_path):
    for path in damaged(tmp_path).values():
        with pytest.raises(ImageError) as caught:
            decode(path)
        assert isinstance(caught.value, InputError)
        assert str(path) in caught.value.where
        assert inspect([path]).problem[0]
    with pytest.raises(ImageError, match="truncated"):
        decode(tmp_path / "cut.jpg", at_least=8)
    with pytest.raises(ImageError, match="no such file"):
        decode(tmp_path / "missing.jpg")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_flipped_bytes_give_pixels_or_an_image_error(tmp_path_factory, data):
    buffer = io.BytesIO()
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM"]))
    Image.fromarray(corners()[:16, 24:48]).save(buffer, kind)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("f") / "a.bin"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        found = decode(path)
    except ImageError:
        return
    assert found.ndim == 3
    assert found.dtype == np.uint8


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match="not a file"):
        decode(tmp_path / "pipe.jpg")
    assert inspect([tmp_path / "pipe.jpg"]).problem[0]


def test_formats_that_run_programs_are_not_read():
    assert not {"EPS", "PSD", "WMF", "FITS"} & set(images.FORMATS)
