"""Colour masks → class indices: million pixels a second in one thread, beside NumPy's and Python's ways, in one run.

    python benchmarks/bench_colours.py [--rounds 7]

Seeded masks of 480 × 360 pixels in CamVid's 32 colours, piecewise constant, and ``noise``: every pixel by chance.
Medians of the rounds with the least and greatest; the ways take turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from optotype.kernels.colours import index_colours
from optotype.mask_lists import CAMVID_32

Pixels = NDArray[np.uint8]
PALETTE = np.array([colour for _, colour in CAMVID_32], np.uint8)
WIDTH, HEIGHT = 480, 360


def blobs(rng: np.random.Generator, cell: int) -> Pixels:
    """A map of squares of ``cell`` pixels."""
    small = rng.integers(0, len(PALETTE), (HEIGHT // cell + 1, WIDTH // cell + 1), np.uint8)
    return small.repeat(cell, 0).repeat(cell, 1)[:HEIGHT, :WIDTH]


def table_of(red_first: bool) -> Pixels:
    table = np.full(1 << 24, 254, np.uint8)
    r, g, b = PALETTE.astype(np.int64).T
    table[(r << 16 | g << 8 | b) if red_first else (r | g << 8 | b << 16)] = np.arange(len(PALETTE))
    return table


OURS, THEIRS = table_of(False), table_of(True)


def ours(image: Pixels) -> Pixels:
    flat, out = image.reshape(-1), np.empty(image.shape[0] * image.shape[1], np.uint8)
    index_colours(flat, flat.view(np.uint64), OURS, out, out.view(np.uint64))
    return out.reshape(image.shape[:2])


def take(image: Pixels) -> Pixels:
    key = image[..., 0].astype(np.uint32) << 16
    key |= image[..., 1].astype(np.uint32) << 8
    key |= image[..., 2]
    return np.take(THEIRS, key)


def class_by_class(image: Pixels) -> Pixels:
    out = np.zeros(image.shape[:2], np.uint8)
    for i, colour in enumerate(PALETTE):
        out[(image == colour).all(-1)] = i
    return out


def double_loop(image: Pixels) -> Pixels:
    known = {tuple(colour): i for i, colour in enumerate(PALETTE.tolist())}
    out = np.zeros(image.shape[:2], np.uint8)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            out[y, x] = known[tuple(image[y, x].tolist())]
    return out


WAYS: dict[str, tuple[Callable[[Pixels], Pixels], int]] = {
    "ours": (ours, 40), "np.take, 24-bit table": (take, 20), "NumPy, class by class": (class_by_class, 2),
    "Python double loop": (double_loop, 1),
}  # fmt: skip
"""Name → the way, and how many images it is given in a round."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(0)
    for name, cell in (("blobs", 24), ("noise", 1)):
        index = [blobs(rng, cell) for _ in range(40)]
        images = [PALETTE[one] for one in index]
        rates: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(rounds + 1):
            for way, (function, n) in WAYS.items():
                begun = time.thread_time()
                found = [function(image) for image in images[:n]]
                rates[way].append(n * WIDTH * HEIGHT / (time.thread_time() - begun) / 1e6)
                assert all(np.array_equal(a, b) for a, b in zip(found, index[:n], strict=True)), way
        base = median(rates["ours"][1:])
        for way, found_rates in rates.items():
            kept = found_rates[1:]
            print(f"{name:6} {way:24} {median(kept):8.1f} Mpx/s [{min(kept):.1f}, {max(kept):.1f}]  "
                  f"ours / this {base / median(kept):8.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
