"""The bootstrap draws exactly, the same on any number of threads; the percentile, corrected and Wilson intervals."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype.errors import InputError
from optotype.kernels import bootstrap as kernel
from optotype.metrics.intervals import (
    ANY,
    POINTS,
    SHARE,
    bootstrap,
    corrected,
    group_index,
    percentile,
    resample_weights,
    wilson,
)


def philox_twin(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 after the paper, in plain integers."""
    x, k = list(counter), list(key)
    for turn in range(10):
        if turn:
            k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
        a, b = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [(b >> 32) ^ x[1] ^ k[0], b % 2**32, (a >> 32) ^ x[3] ^ k[1], a % 2**32]
    return x


def words_twin(seed: int, resample: int):
    """The kernel's stream of 64-bit words: buffers of 1,024 blocks, first halves before second halves."""
    key, block = [seed % 2**32, seed >> 32], 0
    while True:
        rows = [philox_twin([(block + i) % 2**32, 0, resample, 0], key) for i in range(kernel.BUFFER // 2)]
        yield from (row[0] + (row[1] << 32) for row in rows)
        yield from (row[2] + (row[3] << 32) for row in rows)
        block += kernel.BUFFER // 2


def draw_twin(groups: int, seed: int, resample: int) -> list[int]:
    """Every draw on its own: it carries its bits down the tree of leaves."""
    stream = words_twin(seed, resample)

    def bits(count: int) -> list[int]:
        whole = [next(stream) for _ in range(-(-count // 64))]
        return [whole[i // 64] >> (i % 64) & 1 for i in range(count)]

    def below(draws: int, part: int, whole: int) -> int:
        hits, undecided = 0, draws
        while undecided and part:
            part *= 2
            digit = part >= whole
            part -= whole * digit
            drawn = bits(undecided)
            hits += sum(bit < digit for bit in drawn)
            undecided = sum(bit == digit for bit in drawn)
        return hits

    weights = [0] * groups
    leaves: dict[int, int] = {}
    left, first = groups, 0
    for power in reversed(range(groups.bit_length())):
        size = 2**power
        if size < 256 or not groups & size:
            continue
        here = left if size == groups - first else below(left, size, groups - first)
        level = {first: here}
        while size > 256:
            size //= 2
            following = {}
            for start, n in level.items():
                right = sum(bits(n))
                following[start], following[start + size] = n - right, right
            level = following
        leaves |= level
        left, first = left - here, first + 2**power
    for start in sorted(leaves):
        n = leaves[start]
        for _ in range(-(-n // 8)):
            word = next(stream)
            for place in range(min(n, 8)):
                weights[start + (word >> (8 * place)) % 256] += 1
            n -= min(n, 8)
    rest = groups - first
    mask = 1
    while mask < rest:
        mask *= 2
    while rest and left:
        word = next(stream)
        for place in range(8):
            group = (word >> (8 * place)) % 256 % mask
            if left and group < rest:
                weights[first + group] += 1
                left -= 1
    return weights


def drawn(groups: int, seed: int, resamples: range) -> np.ndarray:
    return np.array([w.copy() for w in resample_weights(groups, seed, resamples)])


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([2**32 - 1] * 4, [2**32 - 1] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0],
         "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)  # fmt: skip
def test_the_generator_gives_the_authors_known_answers(counter, key, answer):
    expected = [int(x, 16) for x in answer.split()]
    assert philox_twin(counter, key) == expected
    words = np.zeros(2, np.uint64)
    seed, resample = np.uint64(key[0] + (key[1] << 32)), np.uint64(counter[2] + (counter[3] << 32))
    first = counter[0] + (counter[1] << 32)
    kernel.philox(seed, resample, np.array(first, np.uint64).astype(np.int64)[()], words)
    assert [int(w) >> s & 0xFFFFFFFF for w in words for s in (0, 32)] == expected


@pytest.mark.parametrize("groups", [1, 2, 3, 100, 128, 255, 256, 257, 300, 511, 512, 1000, 1024, 2600])
@pytest.mark.parametrize(("seed", "resample"), [(0, 0), (2**63 + 5, 999)])
def test_the_kernel_draws_what_its_twin_draws(groups, seed, resample):
    ours = drawn(groups, seed, range(resample, resample + 1))[0]
    assert ours.sum() == groups
    assert ours.tolist() == draw_twin(groups, seed, resample)


@pytest.mark.parametrize("groups", [3, 37, 700])
def test_the_draw_is_multinomial(groups):
    """First and second moments, and the distribution of one count, against their exact values."""
    n = 20_000
    w = drawn(groups, 7, range(n)).astype(float)
    deviation = math.sqrt((1 - 1 / groups) / n)
    assert np.abs(w.mean(axis=0) - 1).max() < 5 * deviation
    variance = 1 - 1 / groups
    assert np.abs(w.var(axis=0).mean() - variance) < 0.02
    ends = w[:, [0, groups // 2, groups - 1]]
    assert np.abs(np.cov(ends.T)[0, 1] + 1 / groups) < 5 / math.sqrt(n)
    p = 1 / groups
    for k in range(4 if groups > 3 else 3):
        exact = math.comb(groups, k) * p**k * (1 - p) ** (groups - k)
        assert np.abs((w == k).mean(axis=0) - exact).max() < 5 * math.sqrt(exact * (1 - exact) / n) + 1e-12


def test_leaves_share_draws_binomially():
    n, groups = 4_000, 256 + 512 + 60
    w = drawn(groups, 3, range(n)).astype(float)
    for part in (slice(0, 512), slice(0, 256), slice(512, 768), slice(768, groups)):
        total = w[:, part].sum(axis=1)
        p = len(range(groups)[part]) / groups
        sd = math.sqrt(groups * p * (1 - p))
        assert abs(total.mean() - groups * p) < 5 * sd / math.sqrt(n)
        assert abs(total.std() / sd - 1) < 0.06


@given(st.integers(1, 600), st.integers(0, 2**64 - 1), st.integers(1, 9))
@settings(max_examples=25, deadline=None)
def test_threads_do_not_change_a_bit(groups, seed, resamples):
    x = np.random.default_rng(0).normal(size=groups)

    def mean(w: np.ndarray) -> np.ndarray:
        return np.array([(w * x).sum() / w.sum(), w.max()])

    one = bootstrap(mean, groups, resamples=resamples, seed=seed, threads=1)
    assert one.shape == (resamples, 2)
    for threads in (2, 3, 16):
        assert (bootstrap(mean, groups, resamples=resamples, seed=seed, threads=threads) == one).all()
    longer = bootstrap(mean, groups, resamples=resamples + 3, seed=seed, threads=2)
    assert (longer[:resamples] == one).all()


def test_seeds_and_resamples_differ():
    w = np.concatenate([drawn(50, seed, range(20)) for seed in (0, 1, 2**32, 2**63)])
    assert len(np.unique(w, axis=0)) == 80


def test_no_resamples_give_no_rows_and_errors_reach_the_caller():
    assert bootstrap(lambda w: w[:2], 5, resamples=0).size == 0
    with pytest.raises(ZeroDivisionError):
        bootstrap(lambda w: np.array([1 // 0]), 5, resamples=3, threads=2)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_outside_64_bits_is_refused(seed):
    with pytest.raises(InputError, match="--seed"):
        bootstrap(lambda w: w, 5, seed=seed)


@given(st.integers(1, 40), st.integers(0, 1000))
@settings(max_examples=40)
def test_percentile_is_numpys_and_leaves_out_what_does_not_exist(n, seed):
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=(n, 4))
    samples[rng.random((n, 4)) < 0.2] = np.nan
    low, high = percentile(samples)
    for j in range(4):
        column = samples[np.isfinite(samples[:, j]), j]
        if len(column):
            assert [low[j], high[j]] == pytest.approx(np.quantile(column, [0.025, 0.975]), abs=1e-12)
        else:
            assert math.isnan(low[j])
            assert math.isnan(high[j])


def corrected_twin(samples: list[float], value: float, bounds: tuple[float, float]) -> tuple[float, float]:
    """The interval in plain arithmetic; NaN where too many resamples are on a bound."""
    low, high = bounds
    inside = [x for x in samples if low < x < high]
    if len(inside) <= 0.975 * len(samples) or not low < value < high or len(set(inside)) < 2:
        return math.nan, math.nan
    free = bounds == ANY

    def forward(x: float) -> float:
        return x if free else math.log(x - low) - math.log(high - x)

    def back(x: float) -> float:
        return x if free else (low * math.exp(-x) + high) / (1 + math.exp(-x))

    moved = [forward(x) for x in inside]
    at, reach = forward(value), 1.959963984540054 * statistics.stdev(moved)
    bias = 2.414213562373095 * (statistics.fmean(moved) - at)
    return back(at - max(bias, 0) - reach), back(at - min(bias, 0) + reach)


@given(st.integers(0, 10**6), st.sampled_from([ANY, SHARE, POINTS]), st.integers(0, 8))
@settings(max_examples=60)
def test_the_corrected_interval_is_its_twins(seed, bounds, missing):
    rng = np.random.default_rng(seed)
    whole = 1.0 if bounds == ANY else bounds[1]
    samples = whole * rng.beta(2, 3, (160, 3))
    samples[rng.permutation(160)[:missing], 0] = np.nan
    samples[rng.permutation(160)[:missing], 1] = bounds[0]
    value = whole * rng.beta(2, 3, 3)
    found = np.stack(corrected(samples, value, bounds))
    for j in range(3):
        assert found[:, j] == pytest.approx(corrected_twin(samples[:, j].tolist(), value[j], bounds), nan_ok=True)
        alone = corrected(samples[:, j], float(value[j]), bounds)
        assert [float(end) for end in alone] == pytest.approx(found[:, j].tolist(), nan_ok=True)


@given(st.integers(0, 10**6), st.floats(-3, 3), st.floats(0.1, 9))
@settings(max_examples=30)
def test_the_corrected_interval_moves_turns_and_grows_with_the_number(seed, shift, scale):
    rng = np.random.default_rng(seed)
    samples, value = rng.normal(0.3, 1, 50), 0.1
    low, high = corrected(samples, value)
    assert low < value < high
    moved = (shift + scale * low, shift + scale * high)
    assert corrected(shift + scale * samples, shift + scale * value) == pytest.approx(moved)
    assert corrected(-samples, -value) == pytest.approx((-high, -low))
    shares = 1 / (1 + np.exp(-samples))
    low, high = corrected(shares, 0.6, SHARE)
    assert 0 < low < 0.6 < high < 1
    assert corrected(1 - shares, 0.4, SHARE) == pytest.approx((1 - high, 1 - low))
    assert corrected(100 * shares, 60.0, POINTS) == pytest.approx((100 * low, 100 * high))


@pytest.mark.parametrize(
    ("samples", "value"),
    [([0.5] * 99, 0.5), ([0.2, 0.4] * 50, 0.0), ([0.2, 0.4] * 50, math.nan), ([0.0] * 3 + [0.2, 0.4] * 48, 0.3),
     ([math.nan] * 3 + [0.2, 0.4] * 48, 0.3), ([1.0] * 3 + [0.2, 0.4] * 48, 0.3), ([math.nan] * 9, math.nan)],
)  # fmt: skip
def test_no_corrected_interval_where_none_is_valid(samples, value):
    assert np.isnan(corrected(np.array(samples), value, SHARE)).all()


def test_the_corrected_interval_holds_the_largest_of_means_where_the_percentile_interval_does_not():
    """Of eight means that are all 0 in truth: biased by 1.4 of their standard errors, as AP is of many classes."""
    rng = np.random.default_rng(5)
    runs, n, resamples = 400, 100, 200
    held = np.zeros(2, int)
    for _ in range(runs):
        x = rng.normal(size=(n, 8))
        weights = rng.multinomial(n, np.full(n, 1 / n), resamples)
        samples, value = (weights @ x / n).max(axis=1), x.mean(axis=0).max()
        for i, (low, high) in enumerate((percentile(samples), corrected(samples, value))):
            held[i] += low <= 0 <= high
    assert held[0] < 0.05 * runs
    assert 0.9 * runs < held[1] < 0.99 * runs


@given(st.integers(1, 200), st.data())
def test_wilson_solves_its_equation(n, data):
    """The ends are where the normal test of the share is just not rejected."""
    k = data.draw(st.integers(0, n))
    low, high = (float(end) for end in wilson(k, n))
    assert 0 <= low <= k / n <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(k / n - end) == pytest.approx(1.959963984540054 * math.sqrt(end * (1 - end) / n), abs=1e-9)


def test_wilson_without_trials_does_not_exist():
    assert np.isnan(wilson(np.array([0]), np.array([0]))).all()


def test_groups_are_numbered_in_the_order_of_their_names():
    index, count = group_index(np.array(["c", "a", "c", "b"]))
    assert (index.tolist(), count) == ([2, 0, 2, 1], 3)
    index, count = group_index(np.array(["a", "b"]))
    assert (index.tolist(), count) == ([0, 1], 2)
