"""Images on which two segmentations differ most, with the components that one of them gets and the other does not."""

from __future__ import annotations

import numpy as np

from optotype.evidence import Evidence
from optotype.tables import Array
from optotype.views import BoxRole, Drawn, Frame

MOST_FRAMES, MOST_BOXES = 40, 60


def changed_frames(
    first: Evidence, second: Evidence, names: tuple[str, str], fixed: Array, broken: Array
) -> list[Frame]:
    """Frames, without pictures, of the images in which most pixels lie in components that changed.

    ``fixed`` and ``broken`` (m,) are masks of the components. A box is around a component; its note says what became of
    it, and how much of it either has right.
    """
    rows, n = first["components"], len(first)
    changed = np.bincount(rows.item, weights=rows["area"] * (fixed | broken), minlength=n)
    order = np.argsort(-changed, kind="stable")[:MOST_FRAMES]
    starts = rows.starts(n)
    return [
        _frame(first, second, names, i, slice(int(starts[i]), int(starts[i + 1])), fixed, broken)
        for i in order.tolist()
        if changed[i]
    ]


def _frame(
    first: Evidence, second: Evidence, names: tuple[str, str], i: int, of_item: slice, fixed: Array, broken: Array
) -> Frame:
    rows = first["components"]
    here = np.arange(of_item.start, of_item.stop)[(fixed | broken)[of_item]]
    area = rows["area"][here]
    fixes, breaks = (int((area * mask[here]).sum()) for mask in (fixed, broken))
    here = here[np.argsort(-area, kind="stable")][:MOST_BOXES]
    images = first["images"]
    label = rows["label"][here]
    change = "more fixed" if fixes > breaks else "more broken" if breaks > fixes else "as many of each"
    return Frame(
        str(first.keys[i]), int(images["width"][i]), int(images["height"][i]),
        _drawn((first, second), names, here, fixed),
        facets={"change": change, "class": first.classes[int(label[0])]},
        facts=[("pixels in fixed components", f"{fixes:,}"), ("in broken ones", f"{breaks:,}")],
        tone="good" if fixes > breaks else "bad",
    )  # fmt: skip


def _drawn(sides: tuple[Evidence, Evidence], names: tuple[str, str], here: Array, fixed: Array) -> Drawn:
    rows = sides[0]["components"]
    x, y, w, h = np.round(rows["box"][here], 1).T.tolist()
    shares = [(100 * side["components"]["right"][here] / rows["area"][here]).tolist() for side in sides]
    note = [
        f"{'fixed' if fixed[i] else 'broken'}: {names[0]} {a:.0f} %, {names[1]} {b:.0f} % right"
        for i, a, b in zip(here.tolist(), *shares, strict=True)
    ]
    role: list[BoxRole] = ["missed"] * len(here)
    scores: list[float | None] = [None] * len(here)
    return Drawn(x, y, w, h, rows["label"][here].tolist(), scores, role, note)
