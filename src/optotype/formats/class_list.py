"""Class lists: names in order, or a map from name to index; as text lines, JSON, YAML or CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from optotype import delimited
from optotype.classes import ClassList
from optotype.errors import InputError, did_you_mean

SHIPPED: dict[str, dict[str, int]] = {
    "wildlife": {
        "amur_leopard": 0,
        "amur_tiger": 1,
        "birds": 2,
        "black_bear": 3,
        "brown_bear": 4,
        "dog": 5,
        "roe_deer": 6,
        "sika_deer": 7,
        "wild_boar": 8,
        "people": 9,
    },
}

_FIX = "Write one name a line, or a JSON or YAML list of names, or a map from name to index 0, 1, 2 …"


def read(path: Path) -> ClassList:
    """Names in the order of their indices.

    ``path`` is a file, or the name of a shipped list (``wildlife``) where no such file is. ``.json`` and
    ``.yaml`` hold a list or a map (name to index or index to name), ``.csv`` the columns ``class,index``, any
    other file one name a line. Indices must be 0 … K−1, each once.

    >>> read(Path("wildlife"))[-2:]
    ('wild_boar', 'people')
    """
    if not path.is_file():
        if str(path) in SHIPPED:
            return _ordered(path, SHIPPED[str(path)])
        got = "a folder" if path.is_dir() else "no such file"
        raise InputError(str(path), "a file with class names, or a shipped list", got, did_you_mean(str(path), SHIPPED))
    try:
        return _parse(path)
    except (msgspec.DecodeError, yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise InputError(str(path), "a list or map of class names", str(error), _FIX) from error


def _parse(path: Path) -> ClassList:
    match path.suffix.lower():
        case ".csv" | ".tsv":
            table = delimited.read(path, required=("class", "index"), fix=_FIX)
            return _from_pairs(path, list(zip(table.column("class"), table.column("index"), strict=True)))
        case ".json":
            return _from_object(path, msgspec.json.decode(path.read_bytes()))
        case ".yaml" | ".yml":  # BaseLoader makes nothing but texts: a class may be called 'no' or '1e3'
            return _from_object(path, yaml.load(path.read_text("utf-8-sig"), Loader=yaml.BaseLoader))  # noqa: S506
    return _names(path, [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()])


def _from_object(path: Path, found: Any) -> ClassList:
    if isinstance(found, list):
        return _names(path, [str(name) for name in found if not isinstance(name, (list, dict))], len(found))
    if not isinstance(found, dict):
        raise InputError(str(path), "a list or map of class names", type(found).__name__, _FIX)
    pairs = [(str(name), str(index)) for name, index in found.items()]
    if all(name.isdecimal() and not index.isdecimal() for name, index in pairs):
        pairs = [(index, name) for name, index in pairs]
    return _from_pairs(path, pairs)


def _from_pairs(path: Path, pairs: Sequence[tuple[str, str]]) -> ClassList:
    for name, index in pairs:
        if not (index.strip().isascii() and index.strip().isdigit() and len(index) < 10):
            raise InputError(f"{path}, class '{name}'", "an index 0, 1, 2 …", repr(index), _FIX)
    _names(path, [name for name, _ in pairs])
    return _ordered(path, {name: int(index) for name, index in pairs})


def _ordered(path: Path, index_of: Mapping[str, int]) -> ClassList:
    ordered = sorted(index_of, key=index_of.__getitem__)
    if sorted(index_of.values()) != list(range(len(ordered))):
        got = ", ".join(str(index_of[name]) for name in ordered[:20])
        raise InputError(str(path), f"the indices 0 … {len(ordered) - 1}, each once", got, "Number the classes anew.")
    return tuple(ordered)


def _names(path: Path, names: list[str], n: int | None = None) -> ClassList:
    if not names or "" in names or len(names) != (len(names) if n is None else n):
        raise InputError(str(path), "class names, none of them empty", f"{len(names)} names", _FIX)
    if twice := [name for name in names if names.count(name) > 1][:1]:
        raise InputError(str(path), "every class once", f"'{twice[0]}' more than once", "Remove the repeated name.")
    return tuple(names)
