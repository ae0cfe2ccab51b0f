"""Parting items by a condition: quantile bins of numbers, categories of texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optotype.diagnose.causes.records import Place
from optotype.tables import Array, Floats, Ints, Strings

BINS = 5
FEWEST_IN_BIN = 20


@dataclass(frozen=True, eq=False)
class Parts:
    """``code`` (n,) is the part of each item, −1 where the value is missing; ``names`` the parts; ``edges`` of numbers
    (parts + 1,), None for categories.
    """

    code: Ints
    names: tuple[str, ...]
    edges: Floats | None = None

    def __len__(self) -> int:
        return len(self.names)

    def place(self, part: int) -> Place:
        """Where a part lies among the others."""
        if self.edges is None:
            return "category"
        return "low" if part == 0 else "high" if part == len(self) - 1 else "middle"

    def where(self, part: int, unit: str) -> str:
        """A part in words, such as ‘below 34 px’ or ‘from 34 to below 50 px’."""
        if self.edges is None:
            return f"‘{self.names[part]}’"
        start, stop = show(float(self.edges[part]), unit), show(float(self.edges[part + 1]), unit)
        return {"low": f"below {stop}", "high": f"{start} or more"}.get(
            self.place(part), f"from {start.partition(' ')[0]} to below {stop}"
        )


def bin_numbers(values: Floats, unit: str = "", bins: int = BINS, fewest: int = FEWEST_IN_BIN) -> Parts | None:
    """Quantile bins of about equal size; edges are values that occur, equal values share a bin.

    None where fewer than two bins of ``fewest`` items can be made.
    """
    there = np.isfinite(values)
    known = values[there]
    bins = min(bins, len(known) // fewest)
    if bins < 2:
        return None
    inner = np.unique(np.quantile(known, np.arange(1, bins) / bins, method="inverted_cdf"))
    inner = _spaced(np.sort(known), inner[inner > known.min()], fewest)
    if not len(inner):
        return None
    code = np.full(len(values), -1, np.int32)
    code[there] = np.searchsorted(inner, known, side="right")
    edges = np.concatenate([[known.min()], inner, [known.max()]])
    ranges = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    return Parts(code, tuple(f"{show(a, unit)} – {show(b, unit)}" for a, b in ranges), edges)


def _spaced(ordered: Floats, inner: Floats, fewest: int) -> Floats:
    """Edges that leave at least ``fewest`` values between them and at the ends."""
    kept, before = [], 0
    for edge, at in zip(inner.tolist(), np.searchsorted(ordered, inner).tolist(), strict=True):
        if at - before >= fewest and len(ordered) - at >= fewest:
            kept.append(edge)
            before = at
    return np.array(kept)


def bin_texts(values: Strings, fewest: int = FEWEST_IN_BIN) -> Parts | None:
    """A part for each text with at least ``fewest`` items, the rarer ones together; None where there is one part."""
    names, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    code = np.full(len(names), -1, np.int32)
    kept = [i for i in range(len(names)) if names[i] and counts[i] >= fewest]
    code[kept] = np.arange(len(kept))
    rare = [i for i in range(len(names)) if names[i] and counts[i] < fewest]
    shown = [str(names[i]) for i in kept]
    if counts[rare].sum() >= fewest:
        code[rare] = len(kept)
        shown.append(f"one of {len(rare)} rarer values")
    return Parts(code[index], tuple(shown)) if len(shown) > 1 else None


def thirds(values: Floats, fewest: int = FEWEST_IN_BIN) -> list[tuple[Place, float, Array]]:
    """The lowest and the highest third of the values: place, threshold, mask; fewer where ties leave too few.

    Where more than a third share the least value (no occlusion, say), they stand against those above it.
    """
    known = np.sort(values[np.isfinite(values)])
    found: list[tuple[Place, float, Array]] = []
    if len(known) < 2 * fewest or known[0] == known[-1]:
        return found
    above = known[known > known[0]][0]
    low, high = (float(max(above, np.quantile(known, q, method="inverted_cdf"))) for q in (1 / 3, 2 / 3))
    for place, edge, mask in (("low", low, values < low), ("high", high, values >= high)):
        if fewest <= int(mask.sum()) <= len(known) - fewest:
            found.append(("low" if place == "low" else "high", edge, mask))
    return found


def show(value: float, unit: str) -> str:
    """A value with its unit, three digits.

    >>> show(34.123, "px"), show(0.251, "share"), show(12345.6, "")
    ('34.1 px', '25.1 %', '12,346')
    """
    if unit == "share":
        return f"{_digits(100 * value)} %"
    return f"{_digits(value)} {unit}".strip()


def _digits(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
