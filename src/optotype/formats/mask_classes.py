"""Class files of label masks: ``name,r,g,b`` a line, or one name a line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from optotype import delimited
from optotype.errors import InputError, did_you_mean
from optotype.mask_classes import MaskClasses, listed
from optotype.mask_lists import SHIPPED
from optotype.tables import VOID

_PAINTED = re.compile(r"\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S.*?)\s*")

_FIX = "Write lines such as 'name,r,g,b' and 'Sky,128,128,128', or one name a line."


def read(path: str | Path) -> MaskClasses:
    """Classes from a CSV ``name,r,g,b`` (commas, semicolons or tabs), from lines ``r g b name``, one name a line, or a
    shipped list.

    The place of a line is the value that stands for the class in files of numbers, unless there is a column
    ``value``. Names such as ``Void`` are no classes. Shipped: camvid11, camvid32, voc, cityscapes, idd, idd-level3.
    """
    given = Path(path)
    if not given.is_file():
        if str(path) in SHIPPED:
            return SHIPPED[str(path)]()
        got = "a folder" if given.is_dir() else f"no such file: '{path}'"
        known = f"a file, or one of {', '.join(SHIPPED)}"
        raise InputError("--classes", known, got, did_you_mean(str(path), SHIPPED))
    if _PAINTED.fullmatch(_first_line(given)):
        return _of_colours(given)
    if given.suffix.lower() in (".csv", ".tsv") or "," in _first_line(given) or "\t" in _first_line(given):
        return _of_table(given)
    lines = given.read_text("utf-8-sig").splitlines()
    names = [line.strip() for line in lines if line.strip()]
    _check_names(given, names)
    return listed([(name, None) for name in names], where=str(given))


def _first_line(path: Path) -> str:
    try:
        return next(iter(path.read_text("utf-8-sig").splitlines()), "")
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(str(path), "a class file", str(error), _FIX) from None


def _of_colours(path: Path) -> MaskClasses:
    """Lines ``64 128 64  Animal``: CamVid's own ``label_colors.txt``."""
    rows: list[tuple[str, tuple[int, int, int] | None]] = []
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        found = _PAINTED.fullmatch(line)
        if found is None:
            raise InputError(where, "R G B and a name", repr(line), _FIX)
        r, g, b, name = found.groups()
        rows.append((name, (_level(where, r), _level(where, g), _level(where, b))))
    _check_names(path, [name for name, _ in rows])
    return listed(rows, where=str(path))


def _of_table(path: Path) -> MaskClasses:
    table = delimited.read(path, required=("name",), fix=_FIX)
    names = [name.strip() for name in table.column("name")]
    _check_names(path, names)
    rows: list[tuple[str, tuple[int, int, int] | None]] = [(name, None) for name in names]
    if all(channel in table.header for channel in "rgb"):
        channels = [table.column(channel) for channel in "rgb"]
        for i, name in enumerate(names):
            r, g, b = (_level(table.where(i), column[i]) for column in channels)
            rows[i] = (name, (r, g, b))
    found = listed(rows, where=str(path))
    if "value" not in table.header:
        return found
    place = {name: i for i, name in enumerate(found.names)}
    values = {int(_level(table.where(i), v, 65535)): place.get(names[i], VOID)
              for i, v in enumerate(table.column("value"))}  # fmt: skip
    return MaskClasses(found.names, found.colours, {VOID: VOID, **values}, found.painted, found.void)


def _level(where: str, text: str, most: int = 255) -> int:
    try:
        value = int(text.strip())
    except ValueError:
        value = -1
    if not 0 <= value <= most:
        raise InputError(where, f"whole numbers from 0 to {most}", repr(text.strip()), _FIX)
    return value


def _check_names(path: Path, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not name or name in seen:
            raise InputError(str(path), "every class once, under a name", repr(name), _FIX)
        seen.add(name)
    if not seen:
        raise InputError(str(path), "class names", "none", _FIX)
