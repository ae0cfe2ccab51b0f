"""Which images the views of a page ask for, in which size, and in which order they are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias, TypeVar

import msgspec

from optotype.views import (
    Cases,
    Frame,
    Frames,
    Gallery,
    GalleryItem,
    Labelled,
    LabelMaps,
    Page,
    Picture,
    Scatter,
    Sheet,
    Table,
    View,
)

POINT, NEIGHBOUR, OVERLAY = 64, 96, 96  # pixels at most of a scatter's, a neighbour's and a heat map's image
_GOLDEN = 0.6180339887498949

Kind = TypeVar("Kind", bound=View)
Drawing: TypeAlias = Frames | LabelMaps
Album: TypeAlias = Gallery | Drawing
Entry: TypeAlias = GalleryItem | Frame | Labelled


def views_of(page: Page, kind: type[Kind]) -> list[Kind]:
    """The views of one kind, in the order of the page."""
    return [view for section in page.sections for view in section.views if isinstance(view, kind)]


def galleries(page: Page) -> list[Gallery]:
    """The galleries, in the order of the page."""
    return views_of(page, Gallery)


def drawings(page: Page) -> list[Drawing]:
    """The frames and label maps, in the order of the page."""
    return [view for section in page.sections for view in section.views if isinstance(view, (Frames, LabelMaps))]


def albums(page: Page) -> list[Album]:
    """The galleries, frames and label maps, which can be thinned, in the order of the page."""
    views = (view for section in page.sections for view in section.views)
    return [view for view in views if isinstance(view, (Gallery, Frames, LabelMaps))]


def entries(view: Album) -> Sequence[Entry]:
    """The images of a gallery, of frames or of label maps."""
    return view.items if isinstance(view, Gallery) else view.frames


def fixed_pictures(page: Page) -> list[Picture]:
    """The images of sheets and tables, in the order of the page."""
    found = [tile.picture for view in views_of(page, Sheet) for tile in view.tiles]
    cells = (cell for view in views_of(page, Table) for row in view.rows for cell in row)
    return found + [cell for cell in cells if isinstance(cell, Picture)]


def gallery_pictures(page: Page) -> list[Picture]:
    """The images of galleries, in the order of the page."""
    return [item.picture for view in galleries(page) for item in view.items if item.picture]


def frame_pictures(page: Page) -> list[Picture]:
    """The images of frames and of label maps, in the order of the page."""
    return [frame.picture for view in drawings(page) for frame in view.frames if frame.picture]


def case_pictures(page: Page) -> tuple[list[Picture], list[Picture], list[Picture]]:
    """Of all cases the images, the heat maps and the neighbours, each in the order in which they are kept."""
    ranked = [
        ((rank + 1) / len(view.cases), number, case)
        for number, view in enumerate(views_of(page, Cases))
        for rank, case in enumerate(view.cases)
    ]
    cases = [case for _, _, case in sorted(ranked, key=lambda entry: entry[:2])]
    return (
        [case.picture for case in cases if case.picture],
        [_at_most(case.overlay, OVERLAY) for case in cases if case.overlay],
        [_at_most(tile.picture, NEIGHBOUR) for case in cases for tile in case.neighbours],
    )


def point_pictures(page: Page) -> list[Picture]:
    """The images of scatters in the order in which they are kept: of wrong points first, then spread over the rest."""
    found: list[tuple[bool, float, Picture]] = []
    for view in views_of(page, Scatter):
        for cloud in view.clouds:
            for place, (picture, wrong) in enumerate(zip(cloud.picture, cloud.wrong, strict=True)):
                if picture:
                    found.append((not wrong, place * _GOLDEN % 1, _at_most(picture, POINT)))
    return [picture for _, _, picture in sorted(found, key=lambda entry: entry[:2])]


def sizes(page: Page) -> dict[str, int]:
    """The largest size in which each path is wanted."""
    found: dict[str, int] = {}
    for picture in _all_pictures(page):
        found[picture.path] = max(1, picture.size, found.get(picture.path, 0))
    return found


def priority(view: Album) -> list[int]:
    """Positions in the order in which they are kept: the first of each combination of facets, then each second.

    >>> from optotype.views import GalleryItem
    >>> item = lambda truth: GalleryItem(title="", picture=None, facets={"truth": truth})
    >>> priority(Gallery(id="g", items=[item("cat"), item("cat"), item("cat"), item("dog")]))
    [0, 3, 1, 2]
    """
    seen: Counter[tuple[tuple[str, str], ...]] = Counter()
    ranks = []
    for item in entries(view):
        combination = tuple(item.facets.items())
        ranks.append(seen[combination])
        seen[combination] += 1
    return sorted(range(len(ranks)), key=lambda position: (ranks[position], position))


def _all_pictures(page: Page) -> Iterator[Picture]:
    groups: Iterable[list[Picture]] = (
        fixed_pictures(page),
        *case_pictures(page),
        frame_pictures(page),
        gallery_pictures(page),
        point_pictures(page),
    )
    for group in groups:
        yield from group


def _at_most(picture: Picture, size: int) -> Picture:
    return picture if picture.size <= size else msgspec.structs.replace(picture, size=size)
