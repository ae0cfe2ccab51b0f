"""Conditions: kernels against slow twins, laws of the measures, what is left out and why, and the way to evidence."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from optotype import evidence as evidences
from optotype.diagnose import conditions as package
from optotype.diagnose.conditions import BY_KEY, CONDITIONS, Features, Objects, attach, measure, of_table, table
from optotype.diagnose.conditions.known import Known
from optotype.diagnose.conditions.photometry import CONTRAST, jpeg_quality, measure_boxes
from optotype.errors import InputError
from optotype.evidence import Evidence, Rows
from optotype.kernels import photometry as kernel
from optotype.tables import Items

DOCS = Path(__file__).parents[1] / "docs"
NAN = float("nan")


def grey_twin(image: np.ndarray) -> np.ndarray:
    return (image.astype(np.float64) @ [77, 150, 29]) / 256


def regions_twin(image: np.ndarray, x0: int, y0: int, x1: int, y1: int) -> list[float]:
    """Pixel by pixel, after the definitions."""
    part = image[y0:y1, x0:x1]
    grey = grey_twin(part)
    saturations = [(max(p) - min(p)) / max(p) if max(p) else 0.0 for p in part.reshape(-1, 3).astype(float).tolist()]
    laplacian, mask = [], []
    for y in range(1, grey.shape[0] - 1):
        for x in range(1, grey.shape[1] - 1):
            window = grey[y - 1 : y + 2, x - 1 : x + 2]
            laplacian.append((window * [[0, 1, 0], [1, -4, 1], [0, 1, 0]]).sum())
            mask.append(abs((window * [[1, -2, 1], [-2, 4, -2], [1, -2, 1]]).sum()))
    sharp = float(np.var(laplacian)) if laplacian else NAN
    noise = (
        grouped_median([min(math.floor(m * 8), kernel.NOISE_BINS - 1) for m in mask]) / 8 / (6 * 0.6744897501960817)
        if mask
        else NAN
    )
    return [sharp, grey.mean(), grey.std(), float(np.mean(saturations)), noise]


def grouped_median(bins: list[int]) -> float:
    """Median of values known to the bin: half the values lie below, spread evenly in the bin where half is reached."""
    for at in sorted(set(bins)):
        below, here = sum(b < at for b in bins), bins.count(at)
        if below + here >= len(bins) / 2:
            return at + (len(bins) / 2 - below) / here
    raise AssertionError


def lab_twin(pixel: list[int]) -> list[float]:
    """CIE Lab under D65 by the textbook."""
    r, g, b = (c / 12.92 if (c := v / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for v in pixel)
    x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047
    y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b
    z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)]


def picture(seed: int, height: int = 24, width: int = 32, smooth: bool = True) -> np.ndarray:
    draw = np.random.default_rng(seed)
    if not smooth:
        return draw.integers(0, 256, (height, width, 3), dtype=np.uint8)
    coarse = Image.fromarray(draw.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    return np.array(coarse.resize((width, height), Image.Resampling.BICUBIC))


@example(520, 3, 3, False)  # noise beyond the last bin
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12), st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_kernel_measures_what_its_twin_measures(seed, height, width, smooth):
    image = picture(seed, 14, 15, smooth)
    draw = np.random.default_rng(seed)
    x0, y0 = int(draw.integers(0, 15 - width + 1)), int(draw.integers(0, 14 - height + 1))
    out = np.empty((1, 5))
    kernel.measure_regions(image, np.array([[x0, y0, x0 + width, y0 + height]]), out)
    expected = regions_twin(image, x0, y0, x0 + width, y0 + height)
    np.testing.assert_allclose(out[0], expected, rtol=1e-9, atol=1e-9)


def test_the_kernels_median_is_within_a_bin_of_the_exact_one():
    image = picture(3, 90, 80, smooth=False)
    out = np.empty((1, 5))
    kernel.measure_regions(image, np.array([[0, 0, 80, 90]]), out)
    grey = grey_twin(image)
    corners = grey[:-2, :-2] + grey[:-2, 2:] + grey[2:, :-2] + grey[2:, 2:]
    edges = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    exact = np.median(np.abs(corners - 2 * edges + 4 * grey[1:-1, 1:-1])) / (6 * 0.6744897501960817)
    assert out[0, 4] == pytest.approx(exact, abs=1 / 8 / 4)


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_mean_colours_are_the_textbooks(seed):
    image = picture(seed, 12, 14, smooth=False)
    inner, outer = np.array([[4, 3, 9, 8]]), np.array([[2, 1, 12, 11]])
    out = np.empty((1, 2, 3))
    kernel.mean_colours(image, inner, outer, kernel.LINEAR, kernel.ROOTS, out)
    inside = [lab_twin(image[y, x].tolist()) for y in range(3, 8) for x in range(4, 9)]
    ring = [
        lab_twin(image[y, x].tolist()) for y in range(1, 11) for x in range(2, 12) if not (3 <= y < 8 and 4 <= x < 9)
    ]
    np.testing.assert_allclose(out[0], [np.mean(inside, axis=0), np.mean(ring, axis=0)], atol=2e-3)


def test_large_regions_are_sampled_by_rows():
    """Saturation and noise of sampled rows are near those of all; what is not sampled is exact."""
    draw = np.random.default_rng(0)
    image = (np.linspace(60, 180, 700)[None, :, None] + draw.normal(0, 6, (900, 700, 3))).clip(0, 255).astype(np.uint8)
    assert image.shape[0] * image.shape[1] > 2 * kernel.SAMPLED
    out = np.empty((3, 5))
    kernel.measure_regions(image, np.array([[0, 0, 700, 900], [0, 0, 700, 300], [0, 0, 350, 700]]), out)
    grey = grey_twin(image)
    edges = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    assert out[0, kernel.SHARPNESS] == pytest.approx((edges - 4 * grey[1:-1, 1:-1]).var(), rel=1e-9)
    assert out[0, kernel.BRIGHTNESS] == pytest.approx(grey.mean())
    assert out[0, kernel.SPREAD] == pytest.approx(grey.std())
    whole = image.astype(float)
    saturation = (1 - whole.min(axis=2) / whole.max(axis=2)).mean()
    assert out[0, kernel.SATURATION] == pytest.approx(saturation, rel=0.02)
    assert out[0, kernel.NOISE] == pytest.approx(out[1, kernel.NOISE], rel=0.03)


def test_contrast_of_black_on_white_is_one_hundred():
    image = np.full((40, 40, 3), 255, np.uint8)
    image[10:30, 10:30] = 0
    box = np.array([[10.0, 10, 20, 20], [0, 0, 40, 40], [NAN] * 4, [12, 12, 4, 4]])
    found = measure_boxes(image, box)[:, CONTRAST]
    assert found[0] == pytest.approx(100, abs=0.01)
    assert np.isnan(found[1:3]).all(), "a box without surroundings has no contrast to them"
    assert found[3] == pytest.approx(0, abs=1e-9)


def test_blur_lowers_sharpness_and_noise_is_found_again():
    image = Image.fromarray(picture(1, 120, 160, smooth=False)).filter(ImageFilter.GaussianBlur(1))
    sharp = [
        measure_boxes(np.array(image.filter(ImageFilter.GaussianBlur(s))), np.full((1, 4), NAN))[0, kernel.SHARPNESS]
        for s in (0, 0.7, 1.5, 3)
    ]
    assert sharp == sorted(sharp, reverse=True)
    assert sharp[0] > 20 * sharp[-1]
    smooth = picture(2, 200, 300).astype(float) * 0.6 + 40
    for sigma in (2.0, 6.0, 12.0):
        noisy = smooth + np.random.default_rng(0).normal(0, sigma, smooth.shape[:2])[:, :, None]
        image8 = noisy.clip(0, 255).round().astype(np.uint8)
        found = measure_boxes(image8, np.full((1, 4), NAN))[0, kernel.NOISE]
        assert found == pytest.approx(sigma, rel=0.1)


def test_laws_of_brightness_spread_and_saturation():
    image = picture(5).clip(0, 200)
    grey = np.repeat(image[:, :, :1], 3, axis=2)
    base, brighter, colourless = (measure_boxes(x, np.full((1, 4), NAN))[0] for x in (image, image + 20, grey))
    assert brighter[kernel.BRIGHTNESS] == pytest.approx(base[kernel.BRIGHTNESS] + 20)
    assert brighter[[kernel.SPREAD, kernel.SHARPNESS, kernel.NOISE]] == pytest.approx(
        base[[kernel.SPREAD, kernel.SHARPNESS, kernel.NOISE]]
    )
    assert colourless[kernel.SATURATION] == 0 < base[kernel.SATURATION]


@pytest.mark.parametrize("quality", [1, 2, 10, 25, 40, 50, 63, 75, 88, 95, 100])
def test_jpeg_quality_is_the_one_it_was_written_with(quality):
    stream = io.BytesIO()
    Image.fromarray(picture(0)).save(stream, "JPEG", quality=quality)
    with Image.open(stream) as image:
        assert jpeg_quality(image) == quality
    png = io.BytesIO()
    Image.fromarray(picture(0)).save(png, "PNG")
    with Image.open(png) as image:
        assert math.isnan(jpeg_quality(image))


def known(box: list[list[float]], item: list[int] | None = None, size: tuple[int, int] = (100, 50)) -> Known:
    n = len(box)
    rows = np.array(item or [0] * n, np.int32)
    objects = Objects(rows, np.zeros(n, np.int32), np.array(box, float).reshape(n, 4))
    return Known(objects, objects.box, np.ones(n, bool), np.tile(np.array(size, float), (n, 1)))


def value(key: str, found: Known) -> list[float]:
    return BY_KEY[key].measure(found).tolist()


def test_size_aspect_and_place():
    found = known([[40, 15, 20, 20], [0, 0, 40, 10]])
    assert value("size", found) == [20, 20]
    assert value("aspect", found) == [1, 4]
    assert value("position", found) == pytest.approx([0, math.hypot(30, 20) / math.hypot(50, 25)])
    assert value("height", found) == pytest.approx([0.5, 0.9])


def test_truncation_is_the_same_for_cut_and_for_reaching_boxes():
    inside, cut_left, reaching = [10, 10, 20, 20], [0, 10, 20, 20], [-10, 10, 30, 20]
    corner, whole = [90, 40, 10, 10], [0, 0, 100, 50]
    found = value("truncation", known([inside, cut_left, reaching, corner, whole]))
    assert found[0] == 0
    assert found[1] == pytest.approx(20 / 80)
    assert found[2] == pytest.approx(1 - (20 + 2 * 20) / 100)
    assert found[3] == pytest.approx(0.5)
    assert found[4] == pytest.approx(1)


boxes = st.tuples(st.integers(0, 80), st.integers(0, 40), st.integers(1, 30), st.integers(1, 30))


@given(st.lists(st.tuples(st.integers(0, 2), boxes), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_company_of_others_is_what_loops_find(rows):
    rows = sorted(rows, key=lambda row: row[0])
    found = known([list(map(float, box)) for _, box in rows], [item for item, _ in rows])
    for i, (item, (x, y, w, h)) in enumerate(rows):
        mates = [box for j, (other, box) in enumerate(rows) if other == item and j != i]
        shared = [max(0, min(x + w, a + c) - max(x, a)) * max(0, min(y + h, b + d) - max(y, b)) for a, b, c, d in mates]
        apart = [math.hypot(x + w / 2 - a - c / 2, y + h / 2 - b - d / 2) for a, b, c, d in mates]
        assert value("overlap", found)[i] == pytest.approx(max(shared, default=0) / (w * h))
        assert value("others", found)[i] == len(mates)
        nearest = value("spacing", found)[i]
        assert math.isnan(nearest) if not mates else nearest == pytest.approx(min(apart) / math.sqrt(w * h))


def write_images(folder: Path, n: int = 12) -> Items:
    draw = np.random.default_rng(0)
    for i in range(n):
        size = (40 + 2 * i, 30)
        Image.fromarray(picture(i, size[1], size[0])).save(folder / f"{i:02}.jpg", quality=60 + i)
    columns = {
        "weather": np.array(["rain", "clear"])[draw.integers(0, 2, n)],
        "speed": np.array([f"{x:.2f}" for x in draw.normal(5, 1, n)]),
        "note": np.array([f"text {i}" for i in range(n)]),
    }
    keys = [f"{i:02}.jpg" for i in range(n)]
    return Items.of(keys, path=keys, root=folder, columns=columns)


def test_measuring_whole_images(tmp_path):
    items = write_images(tmp_path, 24)
    label = np.arange(24, dtype=np.int32) % 3
    draw = np.random.default_rng(0)
    features = Features(draw.normal(size=(24, 4)), draw.normal(size=(30, 4)), np.arange(30) % 3)
    objects = Objects.of_items(items, label)
    found = measure(
        "classify", objects, items, images=True, frequency=np.array([5, 6, 7]), features=features, threads=2
    )
    again = measure(
        "classify", objects, items, images=True, frequency=np.array([5, 6, 7]), features=features, threads=1
    )
    assert list(found.values) == list(again.values)
    for key, values in found.values.items():
        np.testing.assert_array_equal(values, again.values[key])
        low, high = BY_KEY[key].range if key in BY_KEY else (-math.inf, math.inf)
        assert (values >= low).all(), key
        assert (values <= high).all(), key
    assert found.values["size"].tolist() == pytest.approx([math.sqrt((40 + 2 * i) * 30) for i in range(24)])
    assert found.values["quality"].tolist() == [60 + i for i in range(24)]
    assert found.values["frequency"].tolist() == [5.0, 6, 7] * 8
    assert found.categorical["column:weather"].tolist() == items.columns["weather"].tolist()
    assert found.values["column:speed"] == pytest.approx(items.columns["speed"].astype(float))
    skipped = dict(found.skipped)
    assert set(skipped) == {"position", "height", "truncation", "contrast", "column:note"}
    assert "box_x" in skipped["contrast"]
    assert "24 distinct texts" in skipped["column:note"]
    apart = np.sqrt(((features.objects[:, None] - features.training[None]) ** 2).sum(axis=2))
    assert found.values["novelty"] == pytest.approx(np.sort(apart, axis=1)[:, :5].mean(axis=1))
    own = label[:, None] == features.training_label
    a, b = np.where(own, apart, np.inf).min(axis=1), np.where(own, np.inf, apart).min(axis=1)
    assert found.values["lookalike"] == pytest.approx(a / (a + b))


def test_what_is_left_out_names_the_flag(tmp_path):
    items = write_images(tmp_path)
    found = measure("classify", Objects.of_items(items, np.zeros(12, np.int32)), items, images=False)
    skipped = dict(found.skipped)
    assert set(found.values) == {"column:speed"}
    for key in ("sharpness", "brightness", "noise", "quality", "size"):
        assert "--images" in skipped[key]
    assert "training run" in skipped["novelty"]
    assert "overlap" not in skipped, "a condition of other tasks is not missed"


def test_truth_alone_supports_boxes(tmp_path):
    columns = {"box_x": ["1", "5", ""], "box_y": ["1", "2", ""], "box_w": ["9", "8", ""], "box_h": ["4", "2", ""]}
    arrays = {name: np.array(values) for name, values in columns.items()}
    items = Items.of(["a", "b", "c"], width=[20, 20, 20], height=[10, 10, 10], columns=arrays)
    objects = Objects.of_items(items, np.zeros(3, np.int32))
    found = measure("classify", objects, items, images=False)
    assert found.values["size"] == pytest.approx([6, 4, math.sqrt(200)])
    assert np.isnan(found.values["position"]).tolist() == [False, False, True]
    assert "column:box_x" not in found.values
    bad = Items.of(["a"], columns={name: np.array(["0"]) for name in columns})
    with pytest.raises(InputError, match="box of 'a'"):
        Objects.of_items(bad, np.zeros(1, np.int32))
    text = Items.of(["a"], columns={name: np.array(["wide"]) for name in columns})
    with pytest.raises(InputError, match="box_x of 'a'"):
        Objects.of_items(text, np.zeros(1, np.int32))


def test_an_image_that_cannot_be_read_is_missing_not_fatal(tmp_path):
    items = write_images(tmp_path)
    (tmp_path / "03.jpg").write_bytes(b"no image")
    found = measure("classify", Objects.of_items(items, np.zeros(12, np.int32)), items, images=True)
    assert np.flatnonzero(np.isnan(found.values["sharpness"])).tolist() == [3]
    assert len(found.warnings) == 1
    assert "03.jpg" in found.warnings[0]


def test_many_objects_of_one_image(tmp_path):
    items = write_images(tmp_path, 3)
    box = np.array([[0, 0, 10, 10], [20, 5, 12, 20], [5, 5, 9, 9], [1.5, 2.5, 30, 20], [-4, -4, 20, 20]])
    objects = Objects(np.array([0, 0, 1, 2, 2], np.int32), np.arange(5, dtype=np.int32), box)
    found = measure("detect", objects, items, images=True)
    assert found.values["others"].tolist() == [1, 1, 0, 1, 1]
    alone = Objects(np.array([2], np.int32), np.zeros(1, np.int32), box[4:])
    again = measure("detect", alone, items, images=True)
    skipped = {key for key, _ in again.skipped}
    for key in ("sharpness", "contrast", "truncation"):
        assert key in skipped or again.values[key][0] == found.values[key][4]


def test_conditions_travel_with_the_evidence(tmp_path):
    items = write_images(tmp_path)
    found = measure("classify", Objects.of_items(items, np.zeros(12, np.int32)), items, images=True)
    order = np.random.default_rng(1).permutation(12)
    shuffled = items.take(order)
    other = measure("classify", Objects.of_items(shuffled, np.zeros(12, np.int32)), shuffled, images=True)
    labels = Rows(np.arange(9, dtype=np.int32), {"truth": np.zeros(9, np.int32), "predicted": np.zeros(9, np.int32)})
    evidence = Evidence("classify", ("a", "b"), items.key[:9], items.key[:9], {"labels": labels})
    full = attach(evidence, shuffled, other)
    for key, values in found.values.items():
        np.testing.assert_array_equal(full[package.TABLE][key], values[:9])
    evidences.save(full, tmp_path / "evidence.npz")
    back = of_table(evidences.load(tmp_path / "evidence.npz")[package.TABLE], "classify")
    assert set(back.values) == set(found.values)
    np.testing.assert_array_equal(back.categorical["column:weather"], found.categorical["column:weather"][:9])
    assert {key for key, _ in back.skipped} >= {"novelty", "lookalike", "frequency"}
    part = full.take(np.arange(4))
    assert part[package.TABLE]["sharpness"].tolist() == found.values["sharpness"][:4].tolist()
    assert table(found)["sharpness"] is found.values["sharpness"]


def test_the_manuals_table_is_the_table():
    lines = (DOCS / "conditions.md").read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| key | ")) + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    assert [row[:4] for row in rows] == [[c.key, c.label, c.unit, c.needs] for c in CONDITIONS]


def test_the_table_is_in_order():
    assert len(BY_KEY) == len(CONDITIONS)
    for condition in CONDITIONS:
        assert condition.range[0] < condition.range[1]
        assert condition.low != condition.high
        assert condition.measure.__doc__
