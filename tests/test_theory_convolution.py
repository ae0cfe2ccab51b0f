"""Convolution by hand: the golden maps, torch, adjoints, pooling, what a kernel detects, and the printed cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from optotype.errors import InputError
from optotype.theory import cells, shapes
from optotype.theory.convolution import convolve, maps, stamps, transposed
from optotype.theory.detectors import in_words, patterns, strongest_patch
from optotype.theory.pooling import average_pool, max_pool
from optotype.theory.windows import windows

IMAGE = [[1, 0, -1, 0, 1], [1, 0, -1, 0, -1], [-1, 1, 1, 1, 0], [0, 0, 1, 0, 0], [1, -1, 0, -1, 1]]
VERTICAL = [[1, 0, -1]] * 3
HORIZONTAL = [[1, 1, 1], [0, 0, 0], [-1, -1, -1]]

some = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 10_000)
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
paddings = st.tuples(st.integers(0, 2), st.integers(0, 2))


def tensor(values):
    import torch

    return torch.as_tensor(np.asarray(values, np.float64))


@st.composite
def settings_that_fit(draw):
    """(image size, kernel, stride, padding, dilation) of a kernel that fits."""
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    kernel, stride, padding, dilation = draw(st.tuples(pairs, pairs, paddings, pairs))
    assume(all(n + 2 * p >= shapes.extent(k, d) for n, k, p, d in zip(size, kernel, padding, dilation, strict=True)))
    return size, kernel, stride, padding, dilation


# convolution


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (VERTICAL, [[2, 0, -1], [-1, 0, 2], [-2, 0, 1]]),
        (HORIZONTAL, [[-1, -4, -2], [-1, -2, -3], [1, 5, 2]]),
    ],
)
def test_golden_maps(kernel, expected):
    assert maps(IMAGE, kernel).total.tolist() == expected
    assert maps(IMAGE, kernel, dilation=2).total.tolist() == [[-1]]


@given(seeds, settings_that_fit(), st.integers(1, 3), st.integers(1, 3))
@some
def test_convolution_equals_torch(seed, geometry, channels, count):
    functional = pytest.importorskip("torch").nn.functional
    size, kernel, stride, padding, dilation = geometry
    rng = np.random.default_rng(seed)
    x, w, b = rng.normal(size=(channels, *size)), rng.normal(size=(count, channels, *kernel)), rng.normal(size=count)
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    expected = functional.conv2d(tensor(x), tensor(w), tensor(b), **how).numpy()
    assert convolve(x, w, b, **how) == pytest.approx(expected, abs=1e-12)
    found = maps(x, w[0], bias=b[0], **how)
    alone = functional.conv2d(tensor(x), tensor(w[0])[:, None], groups=channels, **how).numpy()
    assert found.channels == pytest.approx(alone, abs=1e-12)
    assert found.total == pytest.approx(expected[0], abs=1e-12)


@given(seeds, settings_that_fit(), st.integers(0, 2), st.integers(1, 2), st.integers(1, 2))
@some
def test_transposed_convolution_equals_torch(seed, geometry, extra, channels, count):
    functional = pytest.importorskip("torch").nn.functional
    size, kernel, stride, padding, dilation = geometry
    rest = tuple(min(extra, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True))
    sizes = [(n - 1) * s - 2 * p + shapes.extent(k, d) + o for n, k, s, p, d, o in zip(*geometry, rest, strict=True)]
    assume(min(sizes) > 0)
    rng = np.random.default_rng(seed)
    x, w, b = rng.normal(size=(channels, *size)), rng.normal(size=(channels, count, *kernel)), rng.normal(size=count)
    how = {"stride": stride, "padding": padding, "dilation": dilation, "output_padding": rest}
    expected = functional.conv_transpose2d(tensor(x), tensor(w), tensor(b), **how).numpy()
    assert transposed(x, w, b, **how) == pytest.approx(expected, abs=1e-12)
    stamped = stamps(x[0], w[0, 0], **how)
    assert stamped.sum(axis=(0, 1)) == pytest.approx(transposed(x[:1], w[:1, :1], **how)[0], abs=1e-12)


@given(seeds, settings_that_fit())
@some
def test_transposed_is_the_transpose_of_the_convolution(seed, geometry):
    """⟨convolve(x), y⟩ = ⟨x, transposed(y)⟩, where output padding restores the cells that a stride leaves out."""
    size, kernel, stride, padding, dilation = geometry
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(2, *size)), rng.normal(size=(3, 2, *kernel))
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    out = convolve(x, w, **how)
    y = rng.normal(size=out.shape)
    rest = tuple(
        (n + 2 * p - shapes.extent(k, d)) % s
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    back = transposed(y, w, output_padding=rest, **how)
    assert back.shape == x.shape
    assert float((out * y).sum()) == pytest.approx(float((x * back).sum()), abs=1e-10)


@given(seeds, settings_that_fit())
@some
def test_each_output_cell_reads_the_cells_that_windows_names(seed, geometry):
    size, kernel, stride, padding, dilation = geometry
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=size), rng.normal(size=kernel)
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    at, total = windows(size, kernel, **how), maps(x, w, **how).total
    row, column = rng.integers(at.output[0]), rng.integers(at.output[1])
    expected = sum(
        w[i, j] * x[r, c]
        for i, r in enumerate(at.rows(row))
        for j, c in enumerate(at.columns(column))
        if 0 <= r < size[0] and 0 <= c < size[1]
    )
    assert total[row, column] == pytest.approx(expected, abs=1e-12)


def test_networks_convolve_without_turning_the_kernel():
    spike = np.zeros((3, 3))
    spike[1, 1] = 1
    kernel = np.arange(9.0).reshape(3, 3)
    assert maps(spike, kernel, padding=1).total.tolist() == kernel[::-1, ::-1].tolist()
    assert transposed(spike, kernel[None, None], padding=1)[0].tolist() == kernel.tolist()


def test_inputs_are_not_changed():
    x, w = np.array(IMAGE, float), np.array(VERTICAL, float)
    maps(x, w, padding=1)
    transposed(x, w[None, None])
    max_pool(x, 2)
    assert x.tolist() == IMAGE
    assert w.tolist() == VERTICAL


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: maps(IMAGE, np.ones((6, 6))), "at most 5"),
        (lambda: maps(IMAGE, VERTICAL, dilation=3), "spans 7"),
        (lambda: maps(IMAGE, np.ones((2, 3, 3))), "as many channels as the image: 1"),
        (lambda: convolve(np.ones((3, 4, 4)), np.ones((5, 2, 3, 3))), "as many channels as the image: 3"),
        (lambda: convolve(IMAGE, np.ones((2, 1, 3, 3)), [1.0]), "2 kernels"),
        (lambda: convolve(IMAGE, np.ones((3, 3))), "\\(K, C, kh, kw\\)"),
        (lambda: transposed(np.ones((2, 3, 3)), np.ones((3, 2, 3, 3))), "as many channels as the image: 2"),
        (lambda: transposed(IMAGE, np.ones((1, 1, 3, 3)), stride=2, output_padding=2), "output padding"),
        (lambda: transposed([[1.0]], np.ones((1, 1, 2, 2)), padding=1), "less than half"),
        (lambda: maps([[np.nan]], [[1.0]]), "finite"),
        (lambda: maps(np.ones(4), [[1.0]]), "\\(C, H, W\\)"),
        (lambda: maps(IMAGE, VERTICAL, stride=0), "1 or more"),
        (lambda: max_pool(IMAGE, 6), "at most 5"),
        (lambda: max_pool(IMAGE, 3, padding=2), "at most half of the window"),
        (lambda: max_pool([[1], [2]], (2, 1), stride=1, padding=(1, 0), dilation=(3, 1)), "sees padding only"),
        (lambda: average_pool(IMAGE, 3, padding=2), "at most half of the window"),
    ],
)
def test_what_cannot_be_convolved_or_pooled_is_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()


# pooling


@given(seeds, settings_that_fit(), st.integers(0, 3))
@some
def test_pooling_equals_torch(seed, geometry, values):
    functional = pytest.importorskip("torch").nn.functional
    size, kernel, stride, padding, dilation = geometry
    padding = tuple(min(p, k // 2) for p, k in zip(padding, kernel, strict=True))
    assume(all(n + 2 * p >= shapes.extent(k, d) for n, k, p, d in zip(size, kernel, padding, dilation, strict=True)))
    x = np.random.default_rng(seed).integers(-values, values + 1, size=(2, *size)).astype(float)
    assume(dilation == (1, 1) or padding == (0, 0))  # a dilated window can see padding only, which torch lets pass
    found = max_pool(x, kernel, stride=stride, padding=padding, dilation=dilation)
    best, flat = functional.max_pool2d(tensor(x), kernel, stride, padding, dilation, return_indices=True)
    assert found.values.tolist() == best.tolist()
    assert (found.rows * size[1] + found.columns).tolist() == flat.tolist()

    if dilation == (1, 1):
        for counted in (True, False):
            mean = functional.avg_pool2d(tensor(x), kernel, stride, padding, count_include_pad=counted).numpy()
            ours = average_pool(x, kernel, stride=stride, padding=padding, count_padding=counted)
            assert ours == pytest.approx(mean, abs=1e-12)


def test_dilated_pooling_with_padding_equals_torch():
    functional = pytest.importorskip("torch").nn.functional
    x = np.random.default_rng(0).normal(size=(2, 8, 9))
    found = max_pool(x, 3, stride=(2, 1), padding=1, dilation=(2, 3))
    best, flat = functional.max_pool2d(tensor(x), 3, (2, 1), 1, (2, 3), return_indices=True)
    assert found.values.tolist() == best.tolist()
    assert (found.rows * 9 + found.columns).tolist() == flat.tolist()


def test_pooling_takes_its_size_as_stride_where_none_is_given():
    found = max_pool(np.arange(36.0).reshape(6, 6), (2, 3))
    assert found.values.tolist() == [[[8, 11], [20, 23], [32, 35]]]
    assert average_pool(np.ones((6, 6)), (2, 3)).shape == (1, 3, 2)


def test_average_pooling_is_a_convolution_with_equal_weights():
    expected = convolve(IMAGE, np.full((1, 1, 2, 2), 0.25), stride=1, padding=1)
    assert average_pool(IMAGE, 2, stride=1, padding=1) == pytest.approx(expected)


# what a kernel detects


@given(seeds, st.floats(-5, 5), st.floats(0, 5))
@some
def test_no_patch_answers_more_strongly(seed, low, width):
    rng = np.random.default_rng(seed)
    kernel = rng.normal(size=(2, 3, 3)).round()
    best = strongest_patch(kernel, low, low + width)
    assert best.response == pytest.approx(float(maps(best.values, kernel).total.item()))
    assert best.values.min() >= low
    assert best.values.max() <= low + width
    others = rng.uniform(low, low + width, (50, *kernel.shape))
    assert ((others * kernel).sum(axis=(1, 2, 3)) <= best.response + 1e-9).all()
    assert (best.values[kernel == 0] == low).all()


def test_a_range_upside_down_is_refused():
    with pytest.raises(InputError, match=r"at most high = 0\.0"):
        strongest_patch(VERTICAL, 1.0, 0.0)


def corner(n=5):
    y, x = np.indices((n, n)) - n // 2
    return y, x


def gaussian(n=7, width=1.2):
    y, x = corner(n)
    return np.exp(-(x**2 + y**2) / (2 * width**2))


def without_mean(kernel):
    return kernel - kernel.mean()


SOBEL = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
LAPLACE = [[0, -1, 0], [-1, 4, -1], [0, -1, 0]]
DIAGONAL = [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]]
LINE = [[-1, 2, -1]] * 3
FALLING = [[2, -1, -1], [-1, 2, -1], [-1, -1, 2]]
SHARPEN = [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]

KERNELS = [
    (VERTICAL, "vertical edges: bright on the left, dark on the right"),
    (HORIZONTAL, "horizontal edges: bright above, dark below"),
    (SOBEL, "vertical edges: bright on the left"),
    (np.transpose(SOBEL), "horizontal edges: bright above"),
    ([[3, 0, -3], [10, 0, -10], [3, 0, -3]], "vertical edges: bright on the left"),
    ([[1, -1]], "vertical edges: bright on the left"),
    ([[1], [-1]], "horizontal edges: bright above"),
    (DIAGONAL, "diagonal edges: dark at the bottom left, bright at the top right"),
    ([[1, 0], [0, -1]], "diagonal edges: bright at the top left, dark at the bottom right"),
    (np.outer([1, 4, 6, 4, 1], [-1, -2, 0, 2, 1]), "vertical edges: dark on the left, bright on the right"),
    (gaussian() * -corner(7)[1], "vertical edges: bright on the left"),
    (LAPLACE, "bright blobs on a darker surround"),
    (np.negative(LAPLACE), "dark blobs on a brighter surround"),
    ([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], "bright blobs"),
    (without_mean(gaussian()), "bright blobs"),
    (without_mean(gaussian(9, 1.2) - 0.5 * gaussian(9, 2.4)), "bright blobs"),
    (LINE, "bright vertical lines"),
    (np.transpose(LINE), "bright horizontal lines"),
    (np.negative(LINE), "dark vertical lines"),
    (FALLING, "bright diagonal lines from top left to bottom right"),
    (np.fliplr(FALLING), "bright diagonal lines from bottom left to top right"),
    (SHARPEN, "sharpens"),
    (np.full((3, 3), 1 / 9), "averages"),
    (gaussian(), "averages"),
    (-gaussian(), "averages (blurs) and turns bright into dark"),
    ([[0, 0, 0], [0, 1, 0], [0, 0, 0]], "copies the image"),
    ([[-2]], "copies the image and turns bright into dark"),
    (np.zeros((3, 3)), "nothing: every weight is 0"),
    (np.random.default_rng(0).normal(size=(5, 5)), "nothing in particular"),
    ([[-1, 2, 0, -2, 1]] * 3, "nothing in particular"),  # waves: each side is bright and dark
    ([[-1, 1, 0, 1, -1]] * 3, "nothing in particular"),  # two lines, and nothing in the middle
]


@pytest.mark.parametrize(("kernel", "words"), KERNELS)
def test_kernels_in_words(kernel, words):
    assert in_words(kernel).startswith(words)


@pytest.mark.parametrize(("kernel", "words"), KERNELS)
def test_words_do_not_depend_on_the_strength_of_a_kernel(kernel, words):
    kernel = np.asarray(kernel, float)
    assert in_words(1e-200 * kernel) == in_words(1e200 * kernel) == in_words(kernel)


SWAP_SIDES = {"left": "right", "right": "left"}


@pytest.mark.parametrize("kernel", [VERTICAL, SOBEL, DIAGONAL, FALLING])
def test_a_mirrored_kernel_sees_the_mirrored_pattern(kernel):
    """Left and right change places in what is bright and what is dark."""

    def sides(text):
        return {part.strip() for part in text.split(":")[-1].split(",")}

    mirrored = {
        " ".join(SWAP_SIDES.get(word, word) for word in part.split()) for part in sides(in_words(np.fliplr(kernel)))
    }
    if "lines" in in_words(kernel):
        assert "bottom left to top right" in in_words(np.fliplr(kernel))
    else:
        assert mirrored == sides(in_words(kernel))


@pytest.mark.parametrize("kernel", [VERTICAL, SOBEL, DIAGONAL, LAPLACE, LINE, FALLING])
def test_a_kernel_answers_to_what_its_words_say(kernel):
    """Blind to flat areas, and the negated kernel sees the opposite."""
    assert maps(np.full((3, 3), 7.0), kernel).total.item() == 0
    assert in_words(np.negative(kernel)) != in_words(kernel)
    assert patterns(np.negative(kernel))[0] == patterns(kernel)[0]._replace(sign=-patterns(kernel)[0].sign)


@given(seeds, st.integers(1, 6), st.integers(1, 6))
@some
def test_shares_are_shares(seed, tall, wide):
    shares = [pattern.share for pattern in patterns(np.random.default_rng(seed).normal(size=(tall, wide)))]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= share <= 1 for share in shares)


def test_several_channels_have_no_one_pattern():
    with pytest.raises(InputError, match="\\(kh, kw\\)"):
        in_words(np.ones((3, 3, 3)))


# printed cells


def test_numbers_have_true_minus_signs():
    assert [cells.number(v) for v in (0, -0.0, -1, 2.5, -0.0001, 1000, 1e-9)] == [
        "0",
        "0",
        "−1",
        "2.5",
        "0",
        "1000",
        "0",
    ]
    assert cells.number(-1.23456, digits=1) == "−1.2"


def test_grids_are_aligned():
    assert cells.grid([[1, -10], [100, 0]]) == "  1  −10\n100    0"
    assert cells.grid(np.zeros((2, 1, 1))) == "0\n\n0"


def test_a_window_marks_what_is_not_read():
    assert cells.window(IMAGE, (3, 3), (0, 0), dilation=2).splitlines()[:2] == [" 1  ×  −1  ×  1", " ×  ×   ×  ×  ×"]
    shown = cells.window([[1, 2], [3, 4]], (2, 2), (1, 1), stride=2, padding=1)
    assert shown.split() == [*"·····××··×4", "[0]", "·", "·", "[0]", "[0]"]


def test_a_stride_leaves_cells_over():
    assert cells.used(IMAGE, (2, 2), stride=2).count("×") == 9
    assert cells.used(IMAGE, (3, 3)).count("×") == 0
    assert cells.used(IMAGE, (1, 1), stride=2).count("×") == 25 - 9


def test_no_window_beyond_the_output():
    with pytest.raises(InputError, match="The output has 3 × 3 cells"):
        cells.window(IMAGE, (3, 3), (3, 0))
    with pytest.raises(InputError, match="a row from 0 to 2"):
        cells.window(IMAGE, (3, 3), (-1, 0))


def test_a_kernel_is_spread_by_its_dilation():
    shown = cells.spread([[1, 2], [3, 4]], (1, 3))
    assert shown == "1  ×  ×  2\n3  ×  ×  4"
    assert cells.spread(VERTICAL, 1) == cells.grid(VERTICAL)


@given(seeds, settings_that_fit(), st.integers(1, 2))
@settings(max_examples=25, deadline=None)
def test_the_steps_add_up(seed, geometry, channels):
    """Each printed sum, read back and computed, is the printed result and that of the map."""
    size, kernel, stride, padding, dilation = geometry
    rng = np.random.default_rng(seed)
    x, w = rng.integers(-9, 9, (channels, *size)), rng.integers(-3, 3, (channels, *kernel))
    how = {"bias": -2.0, "stride": stride, "padding": padding, "dilation": dilation}
    total = maps(x, w, **how).total
    lines = cells.steps(x, w, **how).splitlines()
    assert len(lines) == total.size
    for line, (place, value) in zip(lines, np.ndenumerate(total), strict=True):
        head, text = line.split(": ")
        left, right = text.replace("−", "-").split(" = ")
        products = sum(
            float(a.strip("[()]")) * float(b.strip("[()]")) for a, b in (t.split("·") for t in left.split(" + ")[:-1])
        )
        assert head == f"({place[0]},{place[1]})"
        assert products - 2 == value == float(right)


def test_the_first_step_of_the_golden_map():
    first = cells.steps(IMAGE, VERTICAL).splitlines()[0]
    assert first == "(0,0): 1·1 + 0·0 + (−1)·(−1) + 1·1 + 0·0 + (−1)·(−1) + (−1)·1 + 1·0 + 1·(−1) = 2"


def test_the_sums_of_channels_stand_in_brackets():
    found = cells.steps([[[1, 2]], [[3, 4]]], [[[1, 1]], [[0, -1]]], bias=-0.5)
    assert found == "(0,0): [1·1 + 2·1] + [3·0 + 4·(−1)] + (−0.5) = −1.5"
