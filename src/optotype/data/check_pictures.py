"""Pictures that are turned, of one colour, or of another size or mode than the others."""

from __future__ import annotations

from collections import Counter

import numpy as np

from optotype.data.check_advice import Advice
from optotype.data.findings import Finding, any_finding
from optotype.data.inspection import LEAST_SIDE, Inspection
from optotype.tables import Strings

SIZE_FACTOR = 4
"""A picture is a size outlier when its shorter side is this many times smaller or larger than the median's."""

ASPECT = 4.0
"""… or when its sides are in a ratio above this."""


def find(names: Strings, inspection: Inspection, advice: Advice) -> list[Finding]:
    """Findings about the pictures as such."""
    readable = inspection.readable
    turned = np.flatnonzero(inspection.orientation > 1)
    tiny = np.flatnonzero(readable & (np.minimum(inspection.width, inspection.height) < LEAST_SIDE))
    uniform = np.flatnonzero(inspection.uniform)
    return [
        *any_finding(
            "rotated", "note", names[turned].tolist(), "{n} photo{s} stored rotated or mirrored (EXIF)",
            advice.rotated,
        ),
        *any_finding(
            "uniform", "warning", names[uniform].tolist(), "{n} image{s} {is_} almost of one colour",
            "Look at them: lens cap, failed export?",
        ),
        *any_finding(
            "tiny", "note", names[tiny].tolist(),
            f"{{n}} image{{s}} below {LEAST_SIDE} pixels: too small to search for near copies",
            "Nothing, if images are meant to be that small.",
        ),
        *_sizes(names, inspection),
        *_modes(names, inspection, advice),
    ]  # fmt: skip


def _sizes(names: Strings, inspection: Inspection) -> list[Finding]:
    rows = np.flatnonzero(inspection.readable)
    if not len(rows):
        return []
    width, height = inspection.width[rows].astype(float), inspection.height[rows].astype(float)
    short, long = np.minimum(width, height), np.maximum(width, height)
    median = float(np.median(short))
    odd = (short * SIZE_FACTOR < median) | (short > SIZE_FACTOR * median) | (long > ASPECT * short)
    shown = [f"{names[i]}: {inspection.width[i]} × {inspection.height[i]}" for i in rows[odd].tolist()]
    return any_finding(
        "size_outliers", "note", shown,
        f"{{n}} image{{s}} of unusual size: shorter side {SIZE_FACTOR} times below or above the median of "
        f"{median:.0f} pixels, or longer than {ASPECT:g}:1",
        "Look at them: thumbnails, panoramas, scans?",
    )  # fmt: skip


def _modes(names: Strings, inspection: Inspection, advice: Advice) -> list[Finding]:
    rows = np.flatnonzero(inspection.readable).tolist()
    counts = Counter(inspection.mode[i] for i in rows)
    if len(counts) < 2:
        return []
    usual = counts.most_common(1)[0][0]
    odd = [f"{names[i]}: {_MODES.get(inspection.mode[i], inspection.mode[i])}" for i in rows
           if inspection.mode[i] != usual]  # fmt: skip
    listed = ", ".join(f"{n:,} {_MODES.get(mode, mode)}" for mode, n in counts.most_common()[1:])
    return any_finding(
        "mode_outliers", "note", odd, f"{{n}} image{{s}} not {_MODES.get(usual, usual)} as the others: {listed}",
        advice.mode,
    )  # fmt: skip


_MODES = {
    "RGB": "colour (RGB)", "L": "gray", "1": "black and white", "P": "palette", "RGBA": "colour with transparency",
    "LA": "gray with transparency", "CMYK": "CMYK", "I;16": "16-bit gray", "I;16B": "16-bit gray",
    "I": "32-bit gray", "YCbCr": "YCbCr",
}  # fmt: skip
