"""Random changes: operations and distributions against torchvision's, and the laws of the draw."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from optotype.kernels import augment as kernels
from optotype.kernels.philox import philox
from optotype.training import augment
from optotype.training.augment import RANDAUGMENT, apply, crop_boxes, draw, uniforms
from optotype.training.config import Augment

torch = pytest.importorskip("torch")
transforms = pytest.importorskip("torchvision.transforms.v2")
F = transforms.functional

SIZE = 64
LEVELS = np.tile(np.arange(256, dtype=np.uint8), (3, 1))
BLACK = np.zeros(3, np.uint8)
EVERYTHING = Augment(
    crop=0.3, flip=0.5, flip_vertical=0.5, rotation=30, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.2,
    randaugment=3, erasing=0.5,
)  # fmt: skip


def smooth(seed: int, size: int = SIZE) -> np.ndarray:
    """A picture without hard edges, so that different interpolation at a boundary shows little."""
    noise = torch.from_numpy(np.random.default_rng(seed).random((1, 3, 6, 6)))
    big = torch.nn.functional.interpolate(noise, size=(size, size), mode="bicubic", align_corners=False)
    return np.ascontiguousarray((big[0].permute(1, 2, 0).numpy() * 255).clip(0, 255).astype(np.uint8))


def pictures() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    few = random.choice(np.array([0, 3, 250, 255], np.uint8), (SIZE, SIZE, 3))
    return {
        "noise": random.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8),
        "smooth": smooth(1),
        "few levels": few,
        "flat": np.full((SIZE, SIZE, 3), 77, np.uint8),
        "white": np.full((SIZE, SIZE, 3), 255, np.uint8),
        "black": np.zeros((SIZE, SIZE, 3), np.uint8),
        "narrow": random.integers(100, 104, (SIZE, SIZE, 3), dtype=np.uint8),
    }


def tensor(image: np.ndarray) -> "torch.Tensor":
    return torch.from_numpy(image).permute(2, 0, 1)


def array(image: "torch.Tensor") -> np.ndarray:
    return image.permute(1, 2, 0).numpy()


def recoloured(image: np.ndarray, code: int, value: float) -> np.ndarray:
    out = image.copy()
    kernels.recolour(out, np.array([code], np.int64), np.array([value], np.float32))
    return out


# --- random words ---


def slow_philox(counter: tuple[int, ...], key: tuple[int, int]) -> list[int]:
    """Written from the paper, with Python's whole numbers."""
    r0, l0, r1, l1 = counter
    k = list(key)
    for _ in range(10):
        first, second = 0xD2511F53 * r0, 0xCD9E8D57 * r1
        r0, l0, r1, l1 = (
            (second // 2**32) ^ l0 ^ k[0],
            second % 2**32,
            (first // 2**32) ^ l1 ^ k[1],
            first % 2**32,
        )
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return [r0, l0, r1, l1]


def test_slow_philox_gives_the_authors_known_answers():
    full = 0xFFFFFFFF
    assert slow_philox((0, 0, 0, 0), (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert slow_philox((full,) * 4, (full, full)) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    pi = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    assert slow_philox(pi, (0xA4093822, 0x299F31D0)) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


@given(
    st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1), st.integers(1, 11),
)  # fmt: skip
def test_philox_equals_its_slow_twin(seed, stream, epoch, row, k):
    out = np.empty((1, k), np.uint32)
    philox(np.uint64(seed), np.uint64(stream), np.uint64(epoch), np.array([row], np.uint64), out)
    words = [w for block in range(3) for w in slow_philox((block, stream, row, epoch), (seed % 2**32, seed >> 32))]
    assert out[0].tolist() == words[:k]


@given(st.integers(0, 2**70), st.integers(0, 1000), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_uniforms_depend_on_the_address_alone(seed, epoch, rows):
    rows = np.array(rows)
    together = uniforms(seed, 0, epoch, rows, 9)
    assert ((together >= 0) & (together < 1)).all()
    alone = np.vstack([uniforms(seed, 0, epoch, rows[i : i + 1], 5) for i in range(len(rows))])
    assert (together[:, :5] == alone).all()


def test_uniforms_are_uniform_and_streams_differ():
    u = uniforms(3, 0, 1, np.arange(5000), 8)
    assert all(stats.kstest(u[:, j], "uniform").pvalue > 1e-4 for j in range(8))
    assert np.abs(np.corrcoef(u.T) - np.eye(8)).max() < 0.06
    for other in ((3, 1, 1), (3, 0, 2), (4, 0, 1)):
        assert not np.isin(u[:, 0], uniforms(*other, np.arange(5000), 1)).mean() > 0.01


# --- colour ---

COLOURS = [
    (kernels.BRIGHTNESS, F.adjust_brightness, (0.0, 0.3, 1.0, 1.37, 1.9)),
    (kernels.CONTRAST, F.adjust_contrast, (0.0, 0.3, 1.0, 1.37, 1.9)),
    (kernels.SATURATION, F.adjust_saturation, (0.0, 0.3, 1.0, 1.37, 1.9)),
    (kernels.HUE, F.adjust_hue, (-0.5, -0.2, 0.0, 0.07, 0.33, 0.5)),
    (kernels.SHARPNESS, F.adjust_sharpness, (0.1, 1.0, 1.9)),
    (kernels.POSTERIZE, F.posterize, (1, 4, 7, 8)),
    (kernels.SOLARIZE, F.solarize, (0.0, 100.5, 178.5, 255.0)),
    (kernels.AUTOCONTRAST, lambda image, _: F.autocontrast(image), (0,)),
    (kernels.EQUALIZE, lambda image, _: F.equalize(image), (0,)),
]


@pytest.mark.parametrize("picture", pictures())
@pytest.mark.parametrize(("code", "reference", "values"), COLOURS)
def test_colour_equals_torchvision(picture, code, reference, values):
    image = pictures()[picture]
    for value in values:
        theirs = array(reference(tensor(image), value)).astype(int)
        difference = np.abs(recoloured(image, code, value) - theirs)
        assert difference.max() <= 1, f"value {value}"  # float32 rounded in another order
        assert difference.mean() <= 0.25, f"value {value}"  # rounding instead of truncating would give 0.5


def test_colour_operations_apply_in_their_order():
    image = pictures()["noise"]
    both = image.copy()
    kernels.recolour(both, np.array([kernels.SOLARIZE, kernels.BRIGHTNESS], np.int64), np.array([128, 1.5], np.float32))
    assert (both == recoloured(recoloured(image, kernels.SOLARIZE, 128), kernels.BRIGHTNESS, 1.5)).all()
    assert (both != recoloured(recoloured(image, kernels.BRIGHTNESS, 1.5), kernels.SOLARIZE, 128)).any()


# --- geometry ---


def slow_resample(source: np.ndarray, matrix: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Pixel by pixel in double precision, the neighbours found by clamping."""
    height, width = source.shape[:2]
    out = np.zeros((*shape, 3))
    for y in range(shape[0]):
        for x in range(shape[1]):
            px, py = matrix @ (x + 0.5, y + 0.5, 1)
            if 0 <= px < width and 0 <= py < height:
                px, py = min(max(px - 0.5, 0), width - 1), min(max(py - 0.5, 0), height - 1)
                x0, y0 = math.floor(px), math.floor(py)
                x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
                top = source[y0, x0] * (1 - px + x0) + source[y0, x1] * (px - x0)
                bottom = source[y1, x0] * (1 - px + x0) + source[y1, x1] * (px - x0)
                out[y, x] = top * (1 - py + y0) + bottom * (py - y0)
    return out


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4), st.lists(st.floats(-9, 20), min_size=2, max_size=2),
       st.integers(1, 12), st.integers(1, 12))  # fmt: skip
def test_resample_equals_its_slow_twin(linear, shift, height, width):
    source = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    matrix = np.array([[linear[0], linear[1], shift[0]], [linear[2], linear[3], shift[1]]])
    out = np.empty((9, 11, 3), np.uint8)
    kernels.resample(source, matrix, out)
    expected = slow_resample(source, matrix, (9, 11))
    centres = np.stack(np.meshgrid(np.arange(11) + 0.5, np.arange(9) + 0.5), -1) @ matrix[:, :2].T + matrix[:, 2]
    border = np.abs(centres * [1, 1]) < 1e-4
    border |= np.abs(centres - [width, height]) < 1e-4
    sure = ~border.any(axis=-1)  # on the border itself, single precision may decide otherwise
    assert np.abs(out[sure] - expected[sure]).max(initial=0) <= 0.57


def changed(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    out = np.empty_like(image)
    kernels.resample(image, np.ascontiguousarray(matrix[:2]), out)
    return out


def inside(matrix: np.ndarray, size: int = SIZE, margin: float = 1.0) -> np.ndarray:
    """Where the source point lies clear of the border, whose treatment differs."""
    at = np.stack(np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5), -1) @ matrix[:2, :2].T + matrix[:2, 2]
    return ((at > margin) & (at < size - margin)).all(axis=-1)


@pytest.mark.parametrize("degrees", [-90, -15, 0, 7.3, 45, 180])
def test_rotation_equals_torchvision(degrees):
    image = pictures()["noise"]
    matrix = augment._rotations(np.array([float(degrees)]), (SIZE, SIZE))[0]
    theirs = array(F.rotate(tensor(image), degrees, interpolation=transforms.InterpolationMode.BILINEAR)).astype(int)
    difference = np.abs(changed(image, matrix) - theirs)[inside(matrix)]
    assert difference.max() <= 1
    assert difference.mean() < 0.05
    outside = ~inside(matrix, margin=-1.0)
    assert (changed(image, matrix)[outside] == 0).all()


@pytest.mark.parametrize("name", ["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"])
@pytest.mark.parametrize("sign", [1, -1])
def test_randaugment_geometry_equals_torchvision(name, sign):
    ours = {"ShearX": "shear_x", "ShearY": "shear_y", "TranslateX": "translate_x", "TranslateY": "translate_y"}
    i = RANDAUGMENT.index(ours.get(name, "rotate"))
    magnitude = sign * augment._magnitudes(17, (SIZE, SIZE))[i]
    bins = transforms.RandAugment._AUGMENTATION_SPACE[name][0](31, SIZE, SIZE)
    image = pictures()["noise"]
    theirs = transforms.RandAugment()._apply_image_or_video_transform(
        tensor(image), name, sign * float(bins[17]), transforms.InterpolationMode.BILINEAR, {torch.Tensor: None}
    )
    matrix = augment._randaugment_matrix(np.array([i]), np.array([float(magnitude)]), (SIZE, SIZE))[0]
    difference = np.abs(changed(image, matrix) - array(theirs).astype(int))[inside(matrix)]
    assert difference.max() <= 1
    assert difference.mean() < 0.05


def test_crop_equals_torchvision_and_shows_no_more_than_its_box():
    image = smooth(2)
    for row in range(8):
        draws = draw(Augment(crop=0.3), np.array([row]), size=SIZE, seed=0, epoch=0)
        u = uniforms(0, augment.IMAGES, 0, np.array([row]), 22)
        top, left, height, width = crop_boxes(0.3, u, SIZE)[0].tolist()
        theirs = array(F.resized_crop(tensor(image), top, left, height, width, [SIZE, SIZE], antialias=False))
        out = np.empty_like(image)
        apply(image, draws, 0, LEVELS, BLACK, out)
        assert np.abs(out[2:-2, 2:-2] - theirs[2:-2, 2:-2].astype(int)).max() <= 1
        assert np.abs(out - theirs.astype(int)).max() <= 12  # at its edge torchvision repeats, we see the photo


@pytest.mark.parametrize(("setting", "axis"), [("flip", 1), ("flip_vertical", 0)])
def test_flips_are_exact(setting, axis):
    image = pictures()["noise"]
    draws = draw(Augment(**{setting: 1.0}), np.arange(3), size=SIZE, seed=0, epoch=0)
    out = np.empty_like(image)
    apply(image, draws, 1, LEVELS, BLACK, out)
    assert (out == np.flip(image, axis)).all()


def test_chain_equals_torchvision_operations_one_after_the_other():
    """Flip, then rotation, then RandAugment's shear: composed once, against three resamplings of a smooth photo."""
    image = smooth(5)
    settings = Augment(flip=1.0, rotation=20.0)
    draws = draw(settings, np.array([4]), size=SIZE, seed=1, epoch=2)
    degrees = 20 * (2 * uniforms(1, augment.IMAGES, 2, np.array([4]), 25)[0, 24] - 1)
    theirs = F.rotate(F.horizontal_flip(tensor(image)), degrees, interpolation=transforms.InterpolationMode.BILINEAR)
    out = np.empty_like(image)
    apply(image, draws, 0, LEVELS, BLACK, out)
    keep = inside(draws.matrix[0], margin=1.5)
    assert keep.mean() > 0.6
    assert np.abs(out - array(theirs).astype(int))[keep].max() <= 2


# --- distributions ---


def same_distribution(ours, theirs) -> bool:
    return stats.ks_2samp(ours, theirs).pvalue > 1e-4


def test_crop_boxes_are_distributed_as_torchvisions():
    torch.manual_seed(0)
    image = torch.empty(3, 224, 224)
    make = transforms.RandomResizedCrop(224, scale=(0.08, 1.0)).make_params
    theirs = [make([image]) for _ in range(3000)]
    theirs = np.array([(p["top"], p["left"], p["height"], p["width"]) for p in theirs])
    ours = crop_boxes(0.08, uniforms(0, 0, 0, np.arange(3000), 22), 224)
    for j in range(4):
        assert same_distribution(ours[:, j], theirs[:, j])
    assert same_distribution(ours[:, 2] / ours[:, 3], theirs[:, 2] / theirs[:, 3])
    assert same_distribution(ours[:, 2] * ours[:, 3], theirs[:, 2] * theirs[:, 3])


def test_erased_boxes_are_distributed_as_torchvisions():
    torch.manual_seed(0)
    image = torch.empty(3, 96, 96)
    make = transforms.RandomErasing(p=1.0).make_params
    theirs = [make([image]) for _ in range(3000)]
    theirs = np.array([(p["i"], p["j"], p["h"], p["w"]) for p in theirs])
    ours = draw(Augment(erasing=1.0), np.arange(3000), size=96, seed=0, epoch=0).erased
    for j in range(4):
        assert same_distribution(ours[:, j], theirs[:, j])
    half = draw(Augment(erasing=0.5), np.arange(3000), size=96, seed=0, epoch=0).erased
    assert 0.46 < (half[:, 2] > 0).mean() < 0.54
    assert (half[half[:, 2] > 0] == ours[half[:, 2] > 0]).all()


@given(st.floats(0.01, 1), st.integers(8, 300), st.integers(0, 10**6))
def test_boxes_lie_inside_the_photo(least, size, seed):
    boxes = crop_boxes(least, uniforms(seed, 0, 0, np.arange(20), 22), size)
    erased = draw(Augment(erasing=1.0), np.arange(20), size=size, seed=seed, epoch=0).erased
    for top, left, height, width in np.vstack([boxes, erased]).T[None].transpose(0, 2, 1)[0]:
        assert top >= 0
        assert left >= 0
        assert top + height <= size
        assert left + width <= size
    assert (boxes[:, 2:] > 0).all()


def test_jitter_has_torchvisions_ranges_and_a_random_order():
    settings = Augment(brightness=0.4, contrast=1.5, saturation=0.2, hue=0.1)
    draws = draw(settings, np.arange(4000), size=8, seed=0, epoch=0)
    orders, counts = np.unique(draws.code, axis=0, return_counts=True)
    assert len(orders) == 24
    assert stats.chisquare(counts).pvalue > 1e-4
    ranges = {
        kernels.BRIGHTNESS: (0.6, 1.4), kernels.CONTRAST: (0, 2.5), kernels.SATURATION: (0.8, 1.2),
        kernels.HUE: (-0.1, 0.1),
    }  # fmt: skip
    for code, (low, high) in ranges.items():
        values = draws.value[draws.code == code]
        assert len(values) == 4000
        assert stats.kstest(values, "uniform", (low, high - low)).pvalue > 1e-4


def test_randaugment_chooses_evenly_and_has_torchvisions_magnitudes():
    names = {
        "ShearX": "shear_x", "ShearY": "shear_y", "TranslateX": "translate_x", "TranslateY": "translate_y",
        "Rotate": "rotate", "Brightness": "brightness", "Color": "color", "Contrast": "contrast",
        "Sharpness": "sharpness", "Posterize": "posterize", "Solarize": "solarize",
    }  # fmt: skip
    space = transforms.RandAugment._AUGMENTATION_SPACE
    assert {names.get(n, n.lower()) for n in space} == set(RANDAUGMENT)
    for magnitude in range(31):
        ours = augment._magnitudes(magnitude, (224, 224))
        for theirs, name in names.items():
            expected = float(space[theirs][0](31, 224, 224)[magnitude])
            if theirs == "Solarize":
                expected *= 255
            if theirs.startswith("Translate"):
                expected = int(expected)
            assert ours[RANDAUGMENT.index(name)] == pytest.approx(expected, abs=2e-5)
    draws = draw(Augment(randaugment=1), np.arange(7000), size=224, seed=0, epoch=0)
    moved = draws.moved.mean()
    assert abs(moved - 5 / 14) < 0.02
    codes, counts = np.unique(draws.code, return_counts=True)
    assert len(codes) == 9
    assert np.abs(counts[1:] / 7000 - 1 / 14).max() < 0.012
    brighter = draws.value[draws.code == kernels.BRIGHTNESS]
    assert set(np.round(brighter, 4)) == {np.float32(0.73), np.float32(1.27)}
    assert 0.4 < (brighter > 1).mean() < 0.6


# --- laws ---


def test_neutral_settings_change_nothing():
    image = pictures()["noise"]
    out = np.empty_like(image)
    apply(image, draw(Augment(), np.array([0]), size=SIZE, seed=0, epoch=0), 0, LEVELS, BLACK, out)
    assert (out == image).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**40), st.integers(0, 50), st.permutations(range(6)))
def test_pixels_depend_on_seed_epoch_and_row_alone(seed, epoch, rows):
    image = smooth(3, 24)
    alone, company = np.empty_like(image), np.empty_like(image)
    everyone = draw(EVERYTHING, np.array(rows), size=24, seed=seed, epoch=epoch)
    for i, row in enumerate(rows):
        apply(image, draw(EVERYTHING, np.array([row]), size=24, seed=seed, epoch=epoch), 0, LEVELS, BLACK, alone)
        apply(image, everyone, i, LEVELS, BLACK, company)
        assert (alone == company).all()


def test_epochs_rows_and_seeds_differ():
    image, out = smooth(3), np.empty((SIZE, SIZE, 3), np.uint8)
    seen = set()
    for seed, epoch, row in [(0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 0), (2**32, 0, 0)]:
        apply(image, draw(EVERYTHING, np.array([row]), size=SIZE, seed=seed, epoch=epoch), 0, LEVELS, BLACK, out)
        seen.add(out.tobytes())
    assert len(seen) == 5


def test_switching_one_augmentation_on_leaves_the_draws_of_the_others():
    rows = np.arange(50)
    plain = draw(Augment(flip=0.5, brightness=0.3, erasing=0.5), rows, size=SIZE, seed=0, epoch=0)
    more = draw(
        Augment(flip=0.5, brightness=0.3, erasing=0.5, hue=0.1, randaugment=2), rows, size=SIZE, seed=0, epoch=0
    )
    assert (plain.erased == more.erased).all()
    values = [d.value[:, :4][d.code[:, :4] == kernels.BRIGHTNESS] for d in (plain, more)]
    assert (values[0] == values[1]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.uint8])
def test_apply_writes_any_type_and_layout_and_spares_the_photo(dtype):
    image = smooth(4)
    before = image.copy()
    table = np.random.default_rng(0).integers(0, 200, (3, 256)).astype(dtype)
    blank = np.array([1, 2, 3], dtype)
    draws = draw(EVERYTHING, np.arange(6), size=SIZE, seed=0, epoch=0)
    assert (draws.erased[:, 2] > 0).any()
    for i in range(6):
        rows, planes = np.empty((SIZE, SIZE, 3), dtype), np.empty((3, SIZE, SIZE), dtype)
        apply(image, draws, i, table, blank, rows)
        apply(image, draws, i, table, blank, planes.transpose(1, 2, 0))
        assert (rows.transpose(2, 0, 1) == planes).all()
        top, left, height, width = draws.erased[i]
        assert (rows[top : top + height, left : left + width] == blank).all()
    assert (image == before).all()
