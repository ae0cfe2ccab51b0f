"""Which images a report of limited size holds.

The order in which images give way, until the page fits:
1. the thumbnails of galleries shrink to 128, then to 96 pixels;
2. galleries are thinned, each by the same share. The first image of every combination of facets stays longest, then
   the second of each, so that every cell of a matrix keeps its pictures as long as it can;
3. the images of sheets and tables shrink to 96 pixels and, last of all, are left out from the end.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from optotype.report.thumbnails import Decode, Thumbnail, load, load_all
from optotype.views import Gallery, GalleryItem, Page, Picture, Sheet, Table

SMALLER = (128, 96)
SAMPLES = 24
ENTRY = 28  # bytes of one image in the page's index of images


@dataclass(frozen=True)
class Selection:
    """The images of a page: thumbnails by path (None: unreadable) and the positions kept of each gallery."""

    thumbnails: dict[str, Thumbnail | None]
    kept: list[list[int]]

    def picture_bytes(self) -> int:
        """What the thumbnails take in the page."""
        return _cost({path: shot for path, shot in self.thumbnails.items() if shot})


def fixed_pictures(page: Page) -> list[Picture]:
    """The images of sheets and tables, in the order of the page."""
    views = [view for section in page.sections for view in section.views]
    found = [tile.picture for view in views if isinstance(view, Sheet) for tile in view.tiles]
    cells = (cell for view in views if isinstance(view, Table) for row in view.rows for cell in row)
    return found + [cell for cell in cells if isinstance(cell, Picture)]


def galleries(page: Page) -> list[Gallery]:
    """The galleries, in the order of the page."""
    return [view for section in page.sections for view in section.views if isinstance(view, Gallery)]


def priority(gallery: Gallery) -> list[int]:
    """Positions in the order in which they are kept: the first of each combination of facets, then each second.

    >>> item = lambda truth: GalleryItem(title="", picture=None, facets={"truth": truth})
    >>> priority(Gallery(id="g", items=[item("cat"), item("cat"), item("cat"), item("dog")]))
    [0, 3, 1, 2]
    """
    seen: Counter[tuple[tuple[str, str], ...]] = Counter()
    ranks = []
    for item in gallery.items:
        combination = tuple(item.facets.items())
        ranks.append(seen[combination])
        seen[combination] += 1
    return sorted(range(len(ranks)), key=lambda position: (ranks[position], position))


def select(page: Page, room: int, decoder: Decode, threads: int = 0) -> Selection:
    """Choose and encode the images that fit into ``room`` bytes of the page (items of galleries included)."""
    sizes = _sizes(itertools.chain(fixed_pictures(page), _gallery_pictures(page)))
    fixed = _fit_fixed({picture.path: sizes[picture.path] for picture in fixed_pictures(page)}, room, decoder, threads)
    room -= _cost({path: shot for path, shot in fixed.items() if shot})
    order = _merged_priority(galleries(page))
    wanted = {picture.path: sizes[picture.path] for picture in _gallery_pictures(page) if picture.path not in fixed}
    limit, mean = _affordable_size(wanted, room - sum(item_bytes(item) for _, _, item in order), decoder)
    wanted = {path: min(size, limit) for path, size in wanted.items()}
    first = _prefix(order, room, dict.fromkeys(wanted, mean))
    paths = {item.picture.path for _, _, item in order[:first] if item.picture}
    shots = load_all({path: size for path, size in wanted.items() if path in paths}, decoder, threads)
    last = _prefix(order[:first], room, {path: _size(shot) for path, shot in shots.items() if shot})
    return _selection(page, order[:last], fixed, shots)


def item_bytes(item: GalleryItem) -> int:
    """About what an item takes without its picture; the names of facets are paid for elsewhere."""
    texts = len(json.dumps([item.title, *(text for _, text in item.facts)]))
    return 24 + texts + 5 * len(item.facets)


Ordered = Sequence[tuple[int, int, GalleryItem]]


def _merged_priority(views: Sequence[Gallery]) -> list[tuple[int, int, GalleryItem]]:
    """(gallery, position, item) of all galleries so that every prefix keeps the same share of each."""
    ranked = []
    for number, gallery in enumerate(views):
        for rank, position in enumerate(priority(gallery)):
            ranked.append(((rank + 1) / len(gallery.items), number, position))
    return [(number, position, views[number].items[position]) for _, number, position in sorted(ranked)]


def _gallery_pictures(page: Page) -> Iterable[Picture]:
    return (item.picture for view in galleries(page) for item in view.items if item.picture)


def _sizes(pictures: Iterable[Picture]) -> dict[str, int]:
    """The largest size in which each path is wanted."""
    sizes: dict[str, int] = {}
    for picture in pictures:
        sizes[picture.path] = max(1, picture.size, sizes.get(picture.path, 0))
    return sizes


def _size(shot: Thumbnail) -> int:
    return ENTRY + (len(shot.data) + 2) // 3 * 4


def _cost(shots: Mapping[str, Thumbnail]) -> int:
    """Bytes in the page, equal images counted once."""
    return sum(_size(shot) for shot in {shot.data: shot for shot in shots.values()}.values())


def _fit_fixed(wanted: Mapping[str, int], room: int, decoder: Decode, threads: int) -> dict[str, Thumbnail | None]:
    shots = load_all(wanted, decoder, threads)
    if _cost({path: shot for path, shot in shots.items() if shot}) <= room:
        return shots
    shots = load_all({path: min(size, SMALLER[-1]) for path, size in wanted.items()}, decoder, threads)
    sums = itertools.accumulate(_size(shot) if shot else 0 for shot in shots.values())
    fitting = sum(1 for total in sums if total <= room)
    return dict(itertools.islice(shots.items(), fitting))


def _affordable_size(wanted: Mapping[str, int], room: int, decoder: Decode) -> tuple[int, int]:
    """The largest thumbnail size at which all would fit (else the smallest), and a thumbnail's mean bytes there.

    Both are estimated from a few images spread evenly over all; 5 % are kept in reserve.
    """
    paths = list(wanted)
    full = max(wanted.values(), default=SMALLER[-1])
    sizes = (full, *(size for size in SMALLER if size < full))
    sample = [load(path, sizes, decoder) for path in paths[:: max(1, len(paths) // SAMPLES)]]
    found = [shots for shots in sample if shots]
    mean = 0
    for column, size in enumerate(sizes):
        mean = round(1.05 * sum(_size(shots[column]) for shots in found) / len(found)) if found else 0
        if mean * len(paths) <= room:
            return size, mean
    return sizes[-1], mean


def _prefix(order: Ordered, room: int, costs: Mapping[str, int]) -> int:
    """How many of the first items fit."""
    total, paid = 0, set[str]()
    for count, (_, _, item) in enumerate(order):
        total += item_bytes(item)
        if item.picture and item.picture.path not in paid:
            total += costs.get(item.picture.path, 0)
            paid.add(item.picture.path)
        if total > room:
            return count
    return len(order)


def _selection(
    page: Page, order: Ordered, fixed: dict[str, Thumbnail | None], shots: Mapping[str, Thumbnail | None]
) -> Selection:
    kept: list[list[int]] = [[] for _ in galleries(page)]
    thumbnails = dict(fixed)
    for number, position, item in order:
        kept[number].append(position)
        if item.picture and item.picture.path not in thumbnails:
            thumbnails[item.picture.path] = shots[item.picture.path]
    return Selection(thumbnails, [sorted(positions) for positions in kept])
