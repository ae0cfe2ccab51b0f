"""Which class of one data set is which of another: maps of names, from a file or shipped beside this module."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml

from optotype import delimited
from optotype.errors import InputError, did_you_mean

SHIPPED: dict[str, tuple[str, ...]] = {
    "idd": ("idd.csv",),
    "cityscapes": ("cityscapes.csv",),
    "camvid": ("camvid.csv",),
    "street18": ("idd.csv", "cityscapes.csv", "camvid.csv"),
    "camvid11": ("camvid11.csv",),
}
"""Name → files beside this module. The first four lead to the 18 street classes, ``street18`` from all three at
once; ``camvid11`` leads from CamVid's 32 classes to the usual 11 (of Badrinarayanan, Kendall and Cipolla 2017).
"""

OPTION = "--map-classes"
_FIX = "Write a CSV with the columns name,class, or a YAML or JSON map of names to classes; no class leaves one out."
_HERE = Path(__file__).parent
_APART = re.compile(r"[\s_-]+")


@dataclass(frozen=True)
class ClassMap:
    """Names lead to ``classes``: ``target`` has the plain form of each name, None for one that is left out."""

    classes: tuple[str, ...]
    target: Mapping[str, str | None]

    def index(self, names: Sequence[str]) -> list[int]:
        """Position of each name's class in ``classes``, −1 where it has none."""
        place = {name: i for i, name in enumerate(self.classes)}
        found = (self.target.get(plain(name)) for name in names)
        return [-1 if name is None else place[name] for name in found]

    def used(self, *lists: Sequence[str]) -> ClassMap:
        """The map without the classes that no name of the lists leads to."""
        found = {i for names in lists for i in self.index(names)}
        classes = tuple(name for i, name in enumerate(self.classes) if i in found)
        return ClassMap(classes, {name: new if new in classes else None for name, new in self.target.items()})


def plain(name: str) -> str:
    """A name by which spellings of one class are recognised: case, blanks, ``-`` and ``_`` make no difference.

    >>> plain("Traffic_Light") == plain("traffic light")
    True
    """
    return _APART.sub(" ", name.strip()).casefold()


def by_name(*lists: Sequence[str]) -> ClassMap:
    """The classes that occur in every list, under the first one's names and in its order.

    >>> by_name(["Car", "Sky", "Animal"], ["road", "sky", "car"]).classes
    ('Car', 'Sky')
    """
    known = [{plain(name) for name in names} for names in lists]
    classes = tuple(name for name in lists[0] if all(plain(name) in names for names in known))
    return ClassMap(classes, {plain(name): name for name in classes})


def read(given: str | Path) -> ClassMap:
    """A map from a file (CSV with ``name,class``, YAML or JSON ``name: class``) or a shipped one by its name.

    An empty class leaves a name out, as does no line at all; a name that is a class itself stays it. Classes stand in
    the order in which the map first names them.

    >>> found = read("cityscapes")
    >>> found.classes[:5], found.index(["motorcycle", "terrain"])
    (('Road', 'Sidewalk', 'Person', 'Rider', 'Motorbike'), [4, -1])
    """
    path = Path(given)
    files = [path] if path.is_file() else [_HERE / name for name in SHIPPED.get(str(given), ())]
    if not files:
        got = "a folder" if path.is_dir() else f"no such file: '{given}'"
        known = f"a file, or one of {', '.join(SHIPPED)}"
        raise InputError(OPTION, known, got, did_you_mean(str(given), SHIPPED))
    target: dict[str, str | None] = {}
    for file in files:
        for name, new in _pairs(file):
            before = target.setdefault(plain(name), new)
            if before != new:
                raise InputError(f"{file}, '{name}'", "one class a name", f"'{before}' and '{new}'", _FIX)
    classes = tuple(dict.fromkeys(new for new in target.values() if new is not None))
    if not classes:
        raise InputError(str(given), "a class at least", "none", _FIX)
    return ClassMap(classes, {plain(name): name for name in classes} | target)


def _pairs(path: Path) -> list[tuple[str, str | None]]:
    try:
        match path.suffix.lower():
            case ".yaml" | ".yml":  # BaseLoader makes nothing but texts: a class may be called 'no' or '1e3'
                found = yaml.load(path.read_text("utf-8-sig"), Loader=yaml.BaseLoader)  # noqa: S506
            case ".json":
                found = msgspec.json.decode(path.read_bytes())
            case _:
                table = delimited.read(path, required=("name", "class"), fix=_FIX)
                return [
                    (a, b.strip() or None) for a, b in zip(table.column("name"), table.column("class"), strict=True)
                ]
    except (msgspec.DecodeError, yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise InputError(str(path), "a map of class names", " ".join(str(error).split()), _FIX) from error
    if not isinstance(found, dict) or any(isinstance(value, (dict, list)) for value in found.values()):
        raise InputError(str(path), "a map of class names", f"{found!r:.80}", _FIX)
    return [(str(name), str(value).strip() or None if value is not None else None) for name, value in found.items()]
