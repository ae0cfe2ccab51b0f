"""Small, medium and large objects of two detectors: what differs at which size."""

from __future__ import annotations

from optotype.diagnose.compare.records import Difference, Pair
from optotype.diagnose.compare.wording import ALPHA
from optotype.metrics.tide.codes import ERROR_NAMES
from optotype.tasks.detect.tiding import BY_SIZE
from optotype.tasks.wording import quoted
from optotype.views import Cell, Column, Section, Sentence, Span, Table, View

_NUMBERS = {
    "AP": "AP_{size}",
    "AR": "AR_{size}",
    **{f"{key}, AP points": f"tide/{BY_SIZE}/{{size}}.{key}" for key in ERROR_NAMES},
    "dece": "dece_{size}",
}
"""What each number is called, and its key among the differences."""
_MOST_SAID = 6


def size_section(pairs: list[Pair]) -> Section:
    """The section: one row a number, one column a size, a table for each pair."""
    views: list[View] = [_table(pair, i) for i, pair in enumerate(pairs)]
    lead = "The same numbers for objects of each size; those of kinds of errors are AP points that they cost."
    return Section("size-differences", "At which size they differ", views, lead=lead)


def size_sentence(pair: Pair) -> Sentence | None:
    """What can be shown to differ by size after correction for all that is compared; None for nothing."""
    shown = [
        (size, name, d)
        for size in _sizes(pair)
        for name, d in _of_size(pair, size).items()
        if d.p_holm is not None and d.p_holm < ALPHA
    ]
    if not shown:
        return None
    parts = [f"{size} {name.replace(', AP points', ' errors')} {_signed(d)}" for size, name, d in shown[:_MOST_SAID]]
    more = f" and {len(shown) - _MOST_SAID} more" if len(shown) > _MOST_SAID else ""
    text = f"By size {quoted(pair.b)} differs from {quoted(pair.a)}, in points: {', '.join(parts)}{more}"
    return Sentence(f"{text} (p < {ALPHA} after Holm's correction).", "neutral", "size-differences")


def size_keys(keys: list[str]) -> list[str]:
    """Those of the samples' keys that are of one size: one family for Holm's correction.

    >>> size_keys(["AP", "AP_small", "AR_100", "AR_small", "tide.Cls", "tide/coco-range/small.Cls", "dece_small"])
    ['AP_small', 'AR_small', 'tide/coco-range/small.Cls', 'dece_small']
    """
    sizes = [key.removeprefix("AP_") for key in keys if key.startswith("AP_")]
    known = {pattern.format(size=size) for size in sizes for pattern in _NUMBERS.values()}
    return [key for key in keys if key in known]


def _sizes(pair: Pair) -> list[str]:
    return [key.removeprefix("AP_") for key in pair.metrics if key.startswith("AP_")]


def _of_size(pair: Pair, size: str) -> dict[str, Difference]:
    found = {name: pair.metrics.get(pattern.format(size=size)) for name, pattern in _NUMBERS.items()}
    return {name: d for name, d in found.items() if d is not None and d.value is not None}


def _signed(difference: Difference) -> str:
    scale = 1 if difference.unit == "points" else 100
    return f"{scale * (difference.value or 0):+.1f}".replace("-", "−")


def _table(pair: Pair, i: int) -> Table:
    of_size = {size: _of_size(pair, size) for size in _sizes(pair)}
    columns = [Column("number")]
    for size in of_size:
        columns += [Column(size, "delta"), Column(f"p, {size}", "number", hint="after Holm's correction")]
    rows: list[list[Cell]] = []
    for name in _NUMBERS:
        if not any(name in found for found in of_size.values()):
            continue
        row: list[Cell] = [name]
        for found in of_size.values():
            d = found.get(name)
            row += [None, None] if d is None else [Span.of(d, d.better), d.p_holm]
        rows.append(row)
    caption = (
        f"{quoted(pair.b)} minus {quoted(pair.a)}, with paired 95 % intervals. Sizes by COCO's area ranges, kinds of "
        f"errors in the convention ‘{BY_SIZE}’. p: normal, with the standard error of the resamples, corrected after "
        "Holm for all numbers of this table."
    )
    return Table(columns, rows, title=f"{pair.b} against {pair.a}, by size", caption=caption, id=f"size-table-{i}")
