"""Which images a report of limited size holds.

The order in which images give way, until the page fits:
1. the images of a scatter's points are left out, those of right points before those of wrong ones;
2. the thumbnails of galleries shrink to 128, then to 96 pixels;
3. galleries are thinned, each by the same share. The first image of every combination of facets stays longest, then
   the second of each, so that every cell of a matrix keeps its pictures as long as it can;
4. the images of frames and of label maps, which may take half of what galleries would have, shrink to 448, 320, then
   224 pixels; then they are left out in the order in which galleries are thinned, and their boxes or classes stand on
   a blank canvas; where these do not fit either, the frames are thinned;
5. of cases, which may take half of the page beside galleries and frames, the neighbours shrink and are left out from
   the end, then the heat maps, then the images themselves;
6. the lanes of timelines, which may take a quarter of what sheets and tables leave, are left out from the end;
7. the images of sheets and tables shrink to 96 pixels and, last of all, are left out from the end.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optotype.report.boxes import scene_bytes
from optotype.report.label_runs import scene_bytes as map_bytes
from optotype.report.lanes import fitting
from optotype.report.thumbnails import Decode, Thumbnail, load, load_all
from optotype.report.wanted import (
    Album,
    Entry,
    albums,
    case_pictures,
    drawings,
    entries,
    fixed_pictures,
    galleries,
    gallery_pictures,
    point_pictures,
    priority,
    sizes,
    views_of,
)
from optotype.views import Frame, Gallery, Labelled, Page, Picture, Timeline

SMALLER = (128, 96)
SMALLER_FRAMES = (448, 320, 224)
SAMPLES = 24
ENTRY = 28  # bytes of one image in the page's index of images
REFERENCE = 4  # bytes by which an image's number is longer than the mark of one that is left out

Shots = dict[str, Thumbnail | None]


@dataclass(frozen=True)
class Selection:
    """What a page of limited size holds.

    Thumbnails by path (None: unreadable), the positions kept of each gallery or frames, and of each timeline how many
    of its first lanes.
    """

    thumbnails: Shots
    kept: list[list[int]]
    lanes: list[int]

    def picture_bytes(self) -> int:
        """What the thumbnails take in the page."""
        return _cost(self.thumbnails)


def select(page: Page, room: int, decoder: Decode, threads: int = 0) -> Selection:
    """Choose and encode the images that fit into ``room`` bytes of the page (items of galleries included)."""
    wanted = sizes(page)
    fixed = fixed_pictures(page)
    room -= REFERENCE * len(fixed)
    shots = _fit_fixed({picture.path: wanted[picture.path] for picture in fixed}, room, decoder, threads)
    room -= _cost(shots)
    lanes, used = fitting(views_of(page, Timeline), room // 4)
    room -= used
    room -= _add_cases(page, room, shots, wanted, decoder, threads)
    framed, used = _add_frames(page, room, shots, wanted, decoder, threads)
    room -= used
    hung, used = _add_galleries(page, room, shots, wanted, decoder, threads)
    _add_all(shots, point_pictures(page), room - used, wanted, decoder, threads)
    parts = {True: iter(hung), False: iter(framed)}
    return Selection(shots, [next(parts[isinstance(view, Gallery)]) for view in albums(page)], lanes)


def _fit_fixed(wanted: Mapping[str, int], room: int, decoder: Decode, threads: int) -> Shots:
    shots = load_all(wanted, decoder, threads)
    if _cost(shots) <= room:
        return shots
    shots = load_all({path: min(size, SMALLER[-1]) for path, size in wanted.items()}, decoder, threads)
    sums = itertools.accumulate(_size(shot) for shot in shots.values())
    fitting = sum(1 for total in sums if total <= room)
    return dict(itertools.islice(shots.items(), fitting))


def _add_cases(page: Page, room: int, shots: Shots, wanted: Mapping[str, int], decoder: Decode, threads: int) -> int:
    """Add the images of cases to ``shots``; the bytes that they take."""
    room = room // 2 if albums(page) else room
    used = 0
    for pictures in case_pictures(page):
        used += _add_all(shots, pictures, room - used, wanted, decoder, threads)
    return used


def _add_frames(
    page: Page, room: int, shots: Shots, wanted: Mapping[str, int], decoder: Decode, threads: int
) -> tuple[list[list[int]], int]:
    """Add the images of frames and label maps to ``shots``; the positions kept of each view, and the bytes taken."""
    room = room // 2 if galleries(page) else room
    views = drawings(page)
    order = _merged_priority(views)
    last, used = _prefix(order, room, {})
    pictures = [frame.picture for _, _, frame in order[:last] if frame.picture]
    used += _add_all(shots, pictures, room - used, wanted, decoder, threads, SMALLER_FRAMES)
    return _positions(len(views), order[:last]), used


def _add_all(
    shots: Shots,
    pictures: Sequence[Picture],
    room: int,
    wanted: Mapping[str, int],
    decoder: Decode,
    threads: int,
    smaller: Sequence[int] = SMALLER,
) -> int:
    """Add as many of the first pictures to ``shots`` as fit, as large as they can be; the bytes that they take."""
    references = REFERENCE * len(pictures)
    missing = {picture.path: wanted[picture.path] for picture in pictures if picture.path not in shots}
    limit, mean = _affordable_size(missing, room - references, decoder, smaller)
    likely = len(missing) if mean == 0 else max(0, room - references) // mean
    some = {path: min(size, limit) for path, size in itertools.islice(missing.items(), likely)}
    found = load_all(some, decoder, threads)
    used = references
    for path, shot in found.items():
        if used + _size(shot) > room:
            break
        used += _size(shot)
        shots[path] = shot
    return used


def _add_galleries(
    page: Page, room: int, shots: Shots, wanted: Mapping[str, int], decoder: Decode, threads: int
) -> tuple[list[list[int]], int]:
    """Add the images of galleries to ``shots``; the positions kept of each gallery, and the bytes that they take."""
    views = galleries(page)
    order = _merged_priority(views)
    missing = {p.path: wanted[p.path] for p in gallery_pictures(page) if p.path not in shots}
    limit, mean = _affordable_size(missing, room - sum(item_bytes(item) for _, _, item in order), decoder)
    missing = {path: min(size, limit) for path, size in missing.items()}
    first, _ = _prefix(order, room, dict.fromkeys(missing, mean))
    paths = {item.picture.path for _, _, item in order[:first] if item.picture}
    found = load_all({path: size for path, size in missing.items() if path in paths}, decoder, threads)
    last, used = _prefix(order[:first], room, {path: _size(shot) for path, shot in found.items()})
    for _, _, item in order[:last]:
        if item.picture and item.picture.path in found:
            shots[item.picture.path] = found[item.picture.path]
    return _positions(len(views), order[:last]), used


def item_bytes(item: Entry) -> int:
    """About what an item takes without its picture; the names of facets are paid for elsewhere."""
    texts = len(json.dumps([item.title, *(text for _, text in item.facts)]))
    return 24 + texts + 5 * len(item.facets) + _drawn_bytes(item)


def _drawn_bytes(item: Entry) -> int:
    if isinstance(item, Frame):
        return scene_bytes(item)
    return map_bytes(item) if isinstance(item, Labelled) else 0


Ordered = Sequence[tuple[int, int, Entry]]


def _merged_priority(views: Sequence[Album]) -> list[tuple[int, int, Entry]]:
    """(view, position, item) of all views so that every prefix keeps the same share of each."""
    ranked = []
    for number, view in enumerate(views):
        for rank, position in enumerate(priority(view)):
            ranked.append(((rank + 1) / len(entries(view)), number, position))
    return [(number, position, entries(views[number])[position]) for _, number, position in sorted(ranked)]


def _positions(views: int, kept: Ordered) -> list[list[int]]:
    """The positions of what is kept, in order, of each view."""
    found: list[list[int]] = [[] for _ in range(views)]
    for number, position, _ in kept:
        found[number].append(position)
    return [sorted(positions) for positions in found]


def _size(shot: Thumbnail | None) -> int:
    return ENTRY + (len(shot.data) + 2) // 3 * 4 if shot else 0


def _cost(shots: Mapping[str, Thumbnail | None]) -> int:
    """Bytes in the page, equal images counted once."""
    return sum(_size(shot) for shot in {shot.data: shot for shot in shots.values() if shot}.values())


def _affordable_size(
    wanted: Mapping[str, int], room: int, decoder: Decode, smaller: Sequence[int] = SMALLER
) -> tuple[int, int]:
    """The largest thumbnail size at which all would fit (else the smallest), and a thumbnail's mean bytes there.

    Both are estimated from a few images spread evenly over all; 5 % are kept in reserve.
    """
    paths = list(wanted)
    full = max(wanted.values(), default=smaller[-1])
    steps = (full, *(size for size in smaller if size < full))
    sample = [
        load(path, [min(size, wanted[path]) for size in steps], decoder)
        for path in paths[:: max(1, len(paths) // SAMPLES)]
    ]
    found = [shots for shots in sample if shots]
    mean = 0
    for column, size in enumerate(steps):
        mean = round(1.05 * sum(_size(shots[column]) for shots in found) / len(found)) if found else 0
        if mean * len(paths) <= room:
            return size, mean
    return steps[-1], mean


def _prefix(order: Ordered, room: int, costs: Mapping[str, int]) -> tuple[int, int]:
    """How many of the first items fit, and the bytes that they take."""
    total, paid = 0, set[str]()
    for count, (_, _, item) in enumerate(order):
        more = item_bytes(item)
        if item.picture and item.picture.path not in paid:
            more += costs.get(item.picture.path, 0)
            paid.add(item.picture.path)
        if total + more > room:
            return count, total
        total += more
    return len(order), total
