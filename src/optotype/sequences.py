"""Where sequences lie on disk: their names, frames, length, rate and size, as MOTChallenge lays them out."""

from __future__ import annotations

import configparser
import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from optotype.classes import natural_key
from optotype.errors import InputError, did_you_mean

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
"""What the names of frames end in, in any case."""

_DETECTORS = re.compile(r"(?P<scene>.+)-(DPM|FRCNN|SDP)")
_NAMED = re.compile(r"\D*(?P<number>\d+)\D*")


def scene_of(name: str) -> str:
    """The scene that a sequence shows: MOT17 has each three times, with the detections of three detectors.

    >>> scene_of("MOT17-02-FRCNN"), scene_of("TUD-Campus")
    ('MOT17-02', 'TUD-Campus')
    """
    found = _DETECTORS.fullmatch(name)
    return found["scene"] if found else name


@dataclass(frozen=True)
class Place:
    """A sequence on disk: ``labels`` is the file of its boxes, ``frames`` the folder of its images, None for none.

    ``length`` and ``width``, ``height`` are 0 and ``rate`` is NaN where unknown; ``info`` is its ``seqinfo.ini``.
    """

    name: str
    labels: Path | None = None
    frames: Path | None = None
    length: int = 0
    rate: float = float("nan")
    width: int = 0
    height: int = 0
    info: Path | None = None


def frame_files(folder: Path) -> list[Path]:
    """The images of a sequence's folder in natural order: position i is frame i + 1, whatever its number.

    Empty where the folder is not there.
    """
    if not folder.is_dir():
        return []
    names = [path for path in folder.iterdir() if path.name.lower().endswith(SUFFIXES) and path.name[0] != "."]
    return sorted(names, key=lambda path: natural_key(path.name))


def first_number(files: Sequence[Path]) -> int | None:
    """The number that the first frame is called by, None where its name has not exactly one.

    >>> first_number([Path("img1/000000.jpg")])
    0
    """
    found = _NAMED.fullmatch(files[0].stem) if files else None
    return int(found["number"]) if found else None


def sequence(folder: Path, labels: Path | None = None) -> Place:
    """A sequence's folder: ``seqinfo.ini`` and the images beside it, or the folder itself where that holds images."""
    place = Place(folder.name, labels)
    info = folder / "seqinfo.ini"
    if info.is_file():
        place = _informed(place, info)
    if place.frames is None:
        frames = folder / "img1"
        place = replace(place, frames=frames if frames.is_dir() else folder if _holds_images(folder) else None)
    return place


def _holds_images(folder: Path) -> bool:
    return folder.is_dir() and any(path.name.lower().endswith(SUFFIXES) for path in folder.iterdir())


def _informed(place: Place, info: Path) -> Place:
    """The place with what its ``seqinfo.ini`` says; InputErrors name the key."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(info.read_text(encoding="utf-8-sig"))
        section = parser["Sequence"]
    except (configparser.Error, KeyError, UnicodeDecodeError) as error:
        got = str(error).splitlines()[0]
        raise InputError(
            str(info), "a section [Sequence] with seqLength and frameRate", got, "Repair or remove the file."
        ) from error
    numbers = {}
    for key, least in (("seqLength", 1), ("imWidth", 0), ("imHeight", 0), ("frameRate", 0)):
        text = section.get(key, "0" if key != "seqLength" else "")
        try:
            numbers[key] = float(text) if text else 0.0
            good = not text or (least <= numbers[key] < 1e9 and (key == "frameRate" or numbers[key].is_integer()))
        except ValueError:
            good = False
        if not good:
            raise InputError(
                f"{info}, {key}", "a number of frames, pixels or frames a second", repr(text), "Correct it."
            )
    frames = info.parent / section.get("imDir", "img1")
    return replace(
        place, info=info, length=int(numbers["seqLength"]), width=int(numbers["imWidth"]),
        height=int(numbers["imHeight"]), rate=numbers["frameRate"] or float("nan"),
        frames=frames if frames.is_dir() else None,
    )  # fmt: skip


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height that an image's head says, (0, 0) where it cannot be read."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0, 0


def sequence_folders(root: Path, labels: str) -> list[Path]:
    """The folders in ``root`` that have the file ``labels`` (``gt/gt.txt``), in natural order."""
    return [folder for folder in folders(root) if (folder / labels).is_file()]


def folders(root: Path) -> list[Path]:
    """The folders in a folder in natural order, hidden ones left out; none where it is no folder."""
    if not root.is_dir():
        return []
    with os.scandir(root) as entries:  # knows what is a folder without asking about each of many images
        names = [entry.name for entry in entries if entry.name[0] != "." and entry.is_dir()]
    return [root / name for name in sorted(names, key=natural_key)]


def text_files(folder: Path) -> list[Path]:
    """The ``.txt`` files of a folder in natural order of their names, hidden ones left out; none where it is none."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.suffix.lower() == ".txt" and path.name[0] != "."]
    return sorted((path for path in found if path.is_file()), key=lambda path: natural_key(path.stem))


def names_of(seqmap: Path) -> list[str]:
    """The sequences that a seqmap names: a line each after the line ``name``."""
    try:
        lines = [line.strip() for line in seqmap.read_text(encoding="utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise InputError(str(seqmap), "text in UTF-8, a sequence a line", str(error), "Save it as UTF-8.") from error
    names = [line.split(",")[0].strip() for line in lines if line]
    return list(dict.fromkeys(names[1:] if names and names[0].lower() == "name" else names))


def select(known: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The known sequences that are wanted: names, patterns with * and ?, or seqmap files. InputError for a strange one.

    >>> select(["A-01-SDP", "A-02-DPM"], ["*-SDP"])
    ['A-01-SDP']
    """
    kept: set[str] = set()
    for word in wanted:
        path = Path(word)
        names = names_of(path) if word.endswith(".txt") and path.is_file() else [word]
        for name in names:
            found = {other for other in known if fnmatchcase(other, name)}
            if not found:
                raise InputError("--sequences", "sequences of the truth", repr(name), did_you_mean(name, known))
            kept |= found
    return [name for name in known if name in kept]
