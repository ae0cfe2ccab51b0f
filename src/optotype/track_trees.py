"""Which sequences a path holds: MOTChallenge's folders, TrackEval's tree, one sequence, or a folder of SEQ.txt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from optotype.errors import InputError, did_you_mean
from optotype.sequences import (
    Place,
    folders,
    frame_files,
    names_of,
    picture_size,
    scene_of,
    select,
    sequence,
    sequence_folders,
    text_files,
)
from optotype.tables import Items
from optotype.track_parts import listed
from optotype.track_rows import holds_rows, is_number, words

TRUTH, DETECTIONS = "gt/gt.txt", "det/det.txt"

_LAYOUTS = (
    "a folder of sequences (SEQ/gt/gt.txt), one such sequence, a gt.txt, a folder of SEQ.txt, a seqmap, KITTI's "
    "label_02, or .npz"
)
_FIX = "Name the folder that holds the sequences' folders, such as MOT17/train."


def truth_places(path: Path, wanted: Sequence[str] | None = None) -> tuple[list[Place], list[str]]:
    """The sequences with truth at a path, all or those that are ``wanted`` (``sequences.select``), and what to tell."""
    said: list[str] = []
    if path.is_file() and _is_seqmap(path):
        root = _root_of(path)
        places = _in_order(path, _tree(root, TRUTH), names_of(path))
    elif path.is_file():
        places = [_of_file(path)]
    else:
        places, said = _of_folder(path, TRUTH)
    if not places:
        raise InputError(str(path), _LAYOUTS, _seen(path), _FIX)
    return _selected(places, wanted), said


def detection_places(path: Path, wanted: Sequence[str] | None = None) -> list[Place]:
    """The sequences with detections at a path: SEQ/det/det.txt, a folder of SEQ.txt, or one file."""
    places = [_of_file(path)] if path.is_file() else _of_folder(path, DETECTIONS)[0]
    if not places:
        expected = "detections: a folder of SEQ.txt, sequences with det/det.txt, or one file"
        fix = "Name the folder that holds the SEQ.txt."
        if path.is_dir() and _of_folder(path, TRUTH)[0]:
            fix = "This is the truth; name the boxes of a detector."
        raise InputError(str(path), expected, _seen(path), fix)
    return _selected(places, wanted)


def _selected(places: list[Place], wanted: Sequence[str] | None) -> list[Place]:
    if not wanted:
        return places
    kept = set(select([place.name for place in places], wanted))
    return [place for place in places if place.name in kept]


def is_tree(path: Path) -> bool:
    """Whether a path looks like the truth of tracking: ``check`` asks to know what a folder is for."""
    if path.is_file():
        first = words(path)
        return path.suffix.lower() == ".txt" and len(first) >= 6 and is_number(first[0])
    if not path.is_dir():
        return False
    near = [path, path / "gt", path / "train", *folders(path / "gt" / "mot_challenge")]
    return (path / TRUTH).is_file() or any(sequence_folders(root, TRUTH) for root in near) or is_kitti(path)


def is_kitti(path: Path) -> bool:
    """Whether a folder or file holds KITTI's tracking labels: a type in words in the third column."""
    files = [path] if path.is_file() else text_files(kitti_folder(path))
    first = next((found for file in files[:50] if (found := words(file))), [])
    return len(first) >= 10 and is_number(first[0]) and not is_number(first[2])


def kitti_folder(path: Path) -> Path:
    """The folder of the SEQ.txt at or below a path: label_02, or the path itself."""
    inside = [path / "label_02", path / "training" / "label_02"]
    return next((folder for folder in inside if folder.is_dir()), path)


def _is_seqmap(path: Path) -> bool:
    first = words(path)
    return path.suffix.lower() == ".txt" and bool(first) and not is_number(first[0])


def _root_of(seqmap: Path) -> Path:
    """The folder of the sequences that a seqmap names: beside or above it, or what is there by the seqmap's name."""
    above = seqmap.parent.parent
    for root in (above / seqmap.stem, above, seqmap.parent):
        if sequence_folders(root, TRUTH):
            return root
    raise InputError(str(seqmap), "sequences (SEQ/gt/gt.txt) beside the seqmap's folder", "none",
                     "Name the folder of the sequences and give the seqmap with --sequences.")  # fmt: skip


def _of_file(path: Path) -> Place:
    if path.parent.name in ("gt", "det") and path.stem in ("gt", "det"):
        folder = path.parent.resolve().parent
        return sequence(folder, path)
    return Place(path.stem, path)


def _of_folder(path: Path, labels: str) -> tuple[list[Place], list[str]]:
    if (path / labels).is_file():
        return [sequence(path.resolve() if path.name in ("", "..") else path, path / labels)], []
    roots = _roots(path, labels)
    if len(roots) > 1:
        names = sorted(root.relative_to(path).as_posix() for root in roots)
        raise InputError(str(path), "one folder of sequences", f"several: {listed(names)}", "Name one of them.")
    if roots:
        places = _tree(roots[0], labels)
        if labels != TRUTH:
            return places, []
        kept, said = _by_seqmap(roots[0], places)
        return kept, said + _unlabelled(roots[0])
    files = [file for file in text_files(path) if holds_rows(file)]
    if [file.stem for file in files] in (["gt"], ["det"]):
        return [_of_file(files[0])], []
    return [Place(file.stem, file) for file in files], []


def _roots(path: Path, labels: str) -> list[Path]:
    """The folders with sequences nearest to a path: itself, or some of those in it, or of those in these."""
    level = [path]
    for _ in range(4):
        if found := [folder for folder in level if sequence_folders(folder, labels)]:
            return found
        level = [child for folder in level for child in _folders(folder)]
    return []


def _folders(path: Path) -> Iterable[Path]:
    skipped = ("img1", "images", "image_02", "trackers", "results")
    return [child for child in folders(path) if child.name not in skipped]


def _tree(root: Path, labels: str) -> list[Place]:
    return [sequence(folder, folder / labels) for folder in sequence_folders(root, labels)]


def _unlabelled(root: Path) -> list[str]:
    """What is said of sequences without truth beside others that have it."""
    bare = [folder.name for folder in folders(root) if not (folder / TRUTH).is_file()
            and ((folder / "seqinfo.ini").is_file() or (folder / "img1").is_dir())]  # fmt: skip
    return [f"Left out, for they have no {TRUTH}: {listed(bare)}."] if bare else []


def _by_seqmap(root: Path, places: list[Place]) -> tuple[list[Place], list[str]]:
    """The sequences that the tree's only seqmap names, in its order; all where there is none, or more than one."""
    beside = root.parent / "seqmaps" / f"{root.name}.txt"
    inside = text_files(root / "seqmaps")
    maps = [beside] if beside.is_file() else inside
    if len(maps) != 1:
        return places, []
    kept = _in_order(maps[0], places, names_of(maps[0]))
    if len(kept) == len(places):
        return kept, []
    left = [place.name for place in places if place not in kept]
    return kept, [f"'{maps[0].name}' names {len(kept)} of {len(places)} sequences; left out: {listed(left)}."]


def _in_order(seqmap: Path, places: list[Place], names: Sequence[str]) -> list[Place]:
    known = {place.name: place for place in places}
    for name in names:
        if name not in known:
            raise InputError(f"{seqmap}, '{name}'", "sequences that are there", "no such folder",
                             did_you_mean(name, known))  # fmt: skip
    return [known[name] for name in names]


def _seen(path: Path) -> str:
    if not path.is_dir():
        return "another file" if path.exists() else "nothing is there"
    names = sorted(child.name for child in path.iterdir())
    return f"a folder with {listed(names)}" if names else "an empty folder"


def for_each(names: Sequence[str]) -> str:
    """What files are wanted for.

    >>> for_each(["street"]), for_each(["street", "hall"])
    ('for the sequence', 'for each of 2 sequences')
    """
    return "for the sequence" if len(names) == 1 else f"for each of {len(names)} sequences"


def result_files(path: Path, names: Sequence[str]) -> dict[str, Path]:
    """The files of results by sequence: SEQ.txt in the folder or in its ``data``, or one file for one name."""
    if path.is_file():
        if len(names) == 1 or path.stem in names:
            return {path.stem if path.stem in names else names[0]: path}
        raise InputError(str(path), f"a folder with SEQ.txt {for_each(names)}", "one file",
                         "Name the folder, or choose the sequence with --sequences.")  # fmt: skip
    found = text_files(path)
    found = found or text_files(path / "data")
    if not found:
        inside = [child.name for child in folders(path) if _has_results(child)]
        fix = f"Name one of the trackers in it: {listed(inside)}." if inside else "Write a SEQ.txt for each sequence."
        raise InputError(str(path), "results: a folder with SEQ.txt for each sequence", _seen(path), fix)
    return {file.stem: file for file in found}


def _has_results(folder: Path) -> bool:
    return bool(text_files(folder) or text_files(folder / "data"))


def informed(place: Place, images: Path) -> Place:
    """The place with frames, length, rate and size from ``images``: a tree, a sequence, or a folder of its frames.

    InputError where the sequence is not found there.
    """
    name = place.name
    roots = (images, images / "train", images / "test", images / "gt")
    asked = [root / each for root in roots for each in dict.fromkeys((name, scene_of(name)))]
    asked += [images] if images.name in (name, scene_of(name)) or not _sequences_in(images) else []
    for folder in asked:
        found = sequence(folder) if folder.is_dir() else None
        if found is not None and (found.frames is not None or found.info is not None):
            return replace(found, name=name, labels=place.labels)
    there = [child.name for child in _folders(images)] if images.is_dir() else []
    fix = did_you_mean(name, there) if there else "Name the folder that holds SEQ/img1."
    raise InputError(f"--images {images}", f"the frames of '{name}'", "no such folder", fix)


def framed(items: Items, images: Path) -> Items:
    """Sequences with their folders of frames under ``images``; InputError where one has none."""
    places = [informed(Place(name), images) for name in items.key.tolist()]
    for place in places:
        if place.frames is None:
            raise InputError(f"--images {images}", f"the frames of '{place.name}'", "a seqinfo.ini without images",
                             "Name the folder that holds SEQ/img1.")  # fmt: skip
    return replace(items, path=np.array([str((place.frames or images).absolute()) for place in places], dtype=np.str_))


def _sequences_in(images: Path) -> bool:
    return images.is_dir() and any((child / "img1").is_dir() or (child / "seqinfo.ini").is_file()
                                   for child in _folders(images))  # fmt: skip


def measured(place: Place, last: int) -> tuple[Place, int | None]:
    """The place with a length and, where that can be known, a size.

    ``last`` is the last frame with a box. A length is that of ``seqinfo.ini``, else the number of images, or ``last``;
    of the latter the number of images (0: none) is told, else None.
    """
    needs_size = not (place.width and place.height)
    files = frame_files(place.frames) if place.frames is not None and (needs_size or not place.length) else []
    if needs_size and files:
        width, height = picture_size(files[0])
        place = replace(place, width=width, height=height)
    if place.length:
        return place, None
    if len(files) >= last > 0 or (files and not last):
        return replace(place, length=len(files)), None
    return replace(place, length=last), len(files)


def ends_said(places: Sequence[Place], images: Sequence[int | None], *, first: int = 1) -> list[str]:
    """What is told of sequences that end where their labels do: a sentence each way, however many there are.

    ``images`` are those of ``measured``, ``first`` what the files call the first frame.

    >>> ends_said([Place("a", length=9), Place("b", length=7), Place("c", length=8)], [0, None, 0])
    ['2 sequences (a, c) have no seqinfo.ini and no images: the last labelled frame of each is taken as its end.']
    """
    each = list(zip(places, images, strict=True))
    bare = [place for place, n in each if n == 0]
    short = [f"'{place.name}' has {n} images, but boxes up to frame {_last(place, first)}" for place, n in each if n]
    found = []
    if len(bare) == 1:
        found.append(f"'{bare[0].name}' has no seqinfo.ini and no images: its last labelled frame, "
                     f"{_last(bare[0], first)}, is taken as its end.")  # fmt: skip
    elif bare:
        names = listed([place.name for place in bare])
        found.append(f"{len(bare)} sequences ({names}) have no seqinfo.ini and no images: the last labelled frame of "
                     "each is taken as its end.")  # fmt: skip
    if short:
        found.append(f"{listed(short)}, which is taken as the end.")
    return found


def _last(place: Place, first: int) -> int:
    """What the files call a sequence's last frame."""
    return place.length - 1 + first
