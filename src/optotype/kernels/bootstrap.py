"""Bootstrap weights: an exact multinomial draw from a counter-based generator, keyed by (seed, resample).

Drawing n times among n groups one by one is bound by scattered increments. Here the n draws are first dealt out
over leaves of 256 groups, which is exact because a multinomial splits into binomials: a fair split counts the ones
among as many random bits as there are draws; an uneven one compares bits with the binary digits of its probability.
Inside a leaf a draw is one random byte. Only integers are used, so that every machine draws the same weights.
No arithmetic wraps around.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array: TypeAlias = NDArray[Any]

LEAF = 256
"""Groups a leaf: a draw inside one is one byte."""

BUFFER = 2048
"""Random 64-bit words made at a time; they stay in the first-level cache."""

_8, _32 = np.uint64(8), np.uint64(32)
_BYTE, _LOW = np.uint64(0xFF), np.uint64(0xFFFFFFFF)
_MULTIPLY_0, _MULTIPLY_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_BUMP_0, _BUMP_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@jit()
def philox(seed: Any, resample: Any, first: int, words: Array) -> None:
    """Fill ``words`` (2m, uint64) with blocks first … first + m − 1 of Philox4x32-10 (Salmon et al. 2011).

    The key is ``seed``, the counter (block, resample), each 64 bits wide. Word i holds the first two outputs of
    block first + i, word m + i its last two, so that neighbouring lanes do the same arithmetic. The rounds stand
    here, not in a function shared with ``kernels.philox``: a call keeps the loop from vectorising (2.7 times slower).
    """
    m = len(words) // 2
    seed_0, seed_1 = seed & _LOW, seed >> _32
    for i in range(m):
        block = np.uint64(first + i)
        c0, c1, c2, c3 = block & _LOW, block >> _32, resample & _LOW, resample >> _32
        k0, k1 = seed_0, seed_1
        for _ in range(10):
            p0, p1 = _MULTIPLY_0 * c0, _MULTIPLY_1 * c2
            c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
            k0, k1 = (k0 + _BUMP_0) & _LOW, (k1 + _BUMP_1) & _LOW
        words[i] = c0 | (c1 << _32)
        words[m + i] = c2 | (c3 << _32)


@jit()
def _popcount(x: Any) -> Any:
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    x += x >> _8
    x += x >> np.uint64(16)
    return (x + (x >> _32)) & np.uint64(0x7F)


@jit()
def _refill(seed: Any, resample: Any, state: Array, words: Array) -> None:
    """``state`` is (next word of the buffer, next block of the stream)."""
    philox(seed, resample, state[1], words)
    state[0] = 0
    state[1] += len(words) // 2


@jit()
def _ones(bits: int, seed: Any, resample: Any, state: Array, words: Array) -> int:
    """Ones among the next ``bits`` random bits: a draw from Binomial(bits, 1/2)."""
    total = np.uint64(0)
    whole = bits >> 6
    while whole > 0:
        if state[0] == len(words):
            _refill(seed, resample, state, words)
        start = state[0]
        stop = min(start + whole, len(words))
        for i in range(start, stop):
            total += _popcount(words[i])
        whole -= stop - start
        state[0] = stop
    if bits & 63:
        if state[0] == len(words):
            _refill(seed, resample, state, words)
        mask = (np.uint64(1) << np.uint64(bits & 63)) - np.uint64(1)
        total += _popcount(words[state[0]] & mask)
        state[0] += 1
    return np.int64(total)  # type: ignore[return-value]


@jit()
def _binomial(draws: int, part: int, whole: int, seed: Any, resample: Any, state: Array, words: Array) -> int:
    """A draw from Binomial(draws, part / whole), exact, part < whole.

    Every draw compares random bits with the binary digits of part / whole until they differ; all draws that are
    still equal advance together.
    """
    hits = 0
    while draws > 0 and part > 0:
        part *= 2
        ones = _ones(draws, seed, resample, state, words)
        if part >= whole:
            part -= whole
            hits += draws - ones
            draws = ones
        else:
            draws -= ones
    return hits


@jit()
def _deal(
    draws: int, first: int, count: int, leaves: Array, seed: Any, resample: Any, state: Array, words: Array
) -> None:
    """Deal ``draws`` over ``count`` (a power of two) equal leaves by fair splits."""
    leaves[first] = draws
    step = count
    while step > 1:
        half = step >> 1
        for start in range(first, first + count, step):
            right = _ones(leaves[start], seed, resample, state, words)
            leaves[start + half] = right
            leaves[start] -= right
        step = half


@jit()
def _scatter(draws: int, weights: Array, seed: Any, resample: Any, state: Array, words: Array) -> None:
    """``draws`` draws among the 256 groups of a leaf, a byte each; unused bytes of the last word are dropped."""
    while draws > 0:
        if state[0] == len(words):
            _refill(seed, resample, state, words)
        start = state[0]
        whole = min(draws >> 3, len(words) - start)
        for i in range(start, start + whole):
            word = words[i]
            for _ in range(8):
                weights[word & _BYTE] += 1
                word >>= _8
        draws -= whole * 8
        state[0] = start + whole
        if 0 < draws < 8 and state[0] < len(words):
            word = words[state[0]]
            state[0] += 1
            for _ in range(draws):
                weights[word & _BYTE] += 1
                word >>= _8
            draws = 0


@jit()
def _scatter_few(draws: int, weights: Array, seed: Any, resample: Any, state: Array, words: Array) -> None:
    """``draws`` draws among fewer than 256 groups: bytes cut to the next power of two, those outside rejected."""
    groups = np.uint64(len(weights))
    mask = np.uint64(1)
    while mask < groups:
        mask = mask << np.uint64(1)
    mask -= np.uint64(1)
    while draws > 0:
        if state[0] == len(words):
            _refill(seed, resample, state, words)
        word = words[state[0]]
        state[0] += 1
        for _ in range(8):
            group = word & mask
            word >>= _8
            if draws > 0 and group < groups:
                weights[group] += 1
                draws -= 1


@jit("void(uint64, uint64, int32[::1], int64[::1], uint64[::1])")
def draw(seed: Any, resample: Any, weights: Array, leaves: Array, words: Array) -> None:
    """Draw len(weights) times with replacement and count how often each group came: ``weights`` (groups,) int32.

    ``leaves`` (groups // 256 + 1,) int64 and ``words`` (BUFFER,) uint64 are scratch.
    """
    groups = len(weights)
    weights[:] = 0
    state = np.array([len(words), 0])
    whole = groups // LEAF
    left, first, remaining = groups, 0, groups
    bit = 1
    while bit * 2 <= whole:
        bit *= 2
    while bit > 0:
        if whole & bit:
            size = bit * LEAF
            here = left if size == remaining else _binomial(left, size, remaining, seed, resample, state, words)
            _deal(here, first, bit, leaves, seed, resample, state, words)
            first += bit
            left -= here
            remaining -= size
        bit >>= 1
    for leaf in range(whole):
        _scatter(leaves[leaf], weights[leaf * LEAF : (leaf + 1) * LEAF], seed, resample, state, words)
    if remaining > 0:
        _scatter_few(left, weights[whole * LEAF :], seed, resample, state, words)
