"""CSV of labelled images: ``path,label[,split][,group][,excluded][,width,height][,key][,…columns]``.

A class list whose order or empty classes the rows cannot give back lies beside, as ``<name>.classes.json``.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from optotype import delimited
from optotype.classes import ClassList, natural_order, to_indices
from optotype.delimited import TextTable
from optotype.errors import InputError, did_you_mean
from optotype.files import replacing, write_atomic
from optotype.listing import SPLIT_NAMES, Listing, Skipped
from optotype.tables import Items, Labels

COLUMNS = ("path", "label", "split", "group", "excluded", "width", "height", "key")

_FIX = "Begin the file with a line such as 'path,label,split', then one line an image: 'cat/1.jpg,cat,train'."


def read(path: Path, classes: ClassList | None = None) -> Listing:
    """List a CSV; paths are relative to its folder or absolute.

    Commas, semicolons or tabs. The item's key is the column ``key`` where there is one, else the path. Rows with a
    text in ``excluded`` are skipped, the text being the reason. ``split`` takes the names that folders may have;
    further columns are kept as texts. InputErrors name the line.
    """
    table = delimited.read(path, required=("path", "label"), fix=_FIX)
    table = _lower_known(table)
    if not table.rows:
        raise InputError(str(path), "at least one image", "a header only", _FIX)
    paths = [_local(path.parent, text) for text in table.column("path")]
    labels = [text.strip() for text in table.column("label")]
    reasons = [_reason(text) for text in _optional(table, "excluded")]
    keys = [key or p for key, p in zip(_optional(table, "key"), paths, strict=True)]
    _check_filled(table, paths, "path", "the path of an image")
    kept = [i for i, reason in enumerate(reasons) if not reason]
    _check_filled(table, labels, "label", "the name of a class", kept)
    _check_unique(table, keys)
    skipped = tuple(Skipped(keys[i], paths[i], labels[i], reasons[i]) for i in range(len(keys)) if reasons[i])
    if not kept:
        raise InputError(str(path), "an image that is not excluded", f"{len(keys)} excluded rows", "Check 'excluded'.")
    names = [labels[i] for i in kept]
    declared = _beside(path) if classes is None else classes
    listed = natural_order(names) if declared is None else declared
    items = _items(table, keys, paths, kept, path.parent)
    label = to_indices(names, listed, lambda i: table.where(kept[i]))
    notes = (f"{len(skipped):,} rows are excluded in the manifest",) if skipped else ()
    return Listing(Labels(items, listed, label), skipped, notes=notes, declared=declared is not None)


def holds_labels(path: Path) -> bool:
    """Whether a CSV has a column ``label``."""
    return "label" in _lower_known(delimited.read(path, required=("path",), fix=_FIX)).header


def read_items(path: Path) -> Items:
    """The images of a CSV with at least the column ``path``, labels not looked at; excluded rows are left out.

    A row may leave ``path`` empty where it has a ``key``: then it is not known where the image lies.
    """
    table = _lower_known(delimited.read(path, required=("path",), fix="Begin the file with a line 'path'."))
    paths = [_local(path.parent, text) for text in table.column("path")]
    keys = [key or p for key, p in zip(_optional(table, "key"), paths, strict=True)]
    _check_filled(table, keys, "path", "the path of an image")
    _check_unique(table, keys)
    kept = [i for i, text in enumerate(_optional(table, "excluded")) if not _reason(text)]
    if not kept:
        raise InputError(str(path), "at least one image", "a header only", _FIX)
    return _items(table, keys, paths, kept, path.parent)


def _items(table: TextTable, keys: list[str], paths: list[str], kept: list[int], root: Path) -> Items:
    return Items.of(
        _pick(keys, kept),
        path=_pick(paths, kept),
        group=_pick(_optional(table, "group"), kept),
        split=_splits(table, kept),
        width=_pixels(table, "width", kept),
        height=_pixels(table, "height", kept),
        columns={name: np.array(_pick(table.column(name), kept)) for name in table.header if name not in COLUMNS},
        root=root,
    )


def write_items(path: Path, items: Items) -> None:
    """Write images without labels atomically; ``read_items`` gives them back from any working directory."""
    known = items.path.tolist()
    paths = [found if raw else "" for raw, found in zip(known, _portable(items.root, known, path), strict=True)]
    sides = [[value or "" for value in side.tolist()] for side in (items.width, items.height)]
    columns = [paths, items.split.tolist(), items.group.tolist(), *sides, items.key.tolist()]
    columns += [values.tolist() for values in items.columns.values()]
    header = ["path", "split", "group", "width", "height", "key", *items.columns]
    with replacing(path) as stream:
        delimited.write(stream, header, list(zip(*columns, strict=True)))


def write(path: Path, labels: Labels, skipped: Sequence[Skipped] = ()) -> None:
    """Write a manifest atomically; reading it back gives the same items and classes from any working directory.

    Paths inside the manifest's folder are written relative to it, others absolute. The column ``key`` is written
    only where a key differs from the path. The caller decides whether a file may be replaced.
    """
    items = labels.items
    paths = _portable(items.root, items.path.tolist(), path)
    left_out = _portable(items.root, [file.path for file in skipped], path)
    keys = [*items.key.tolist(), *(file.key for file in skipped)]
    with_key = keys != [*paths, *left_out]
    names = [labels.classes[i] for i in labels.label.tolist()]
    blank = [""] * len(items)
    columns = [paths, names, items.split.tolist(), items.group.tolist(), blank]
    columns += [[v or "" for v in items.width.tolist()], [v or "" for v in items.height.tolist()]]
    columns += [items.key.tolist()] if with_key else []
    columns += [values.tolist() for values in items.columns.values()]
    rows: list[Sequence[object]] = list(zip(*columns, strict=True))
    for file, place in zip(skipped, left_out, strict=True):
        known = [place, file.label, "", "", file.reason, "", "", *([file.key] if with_key else [])]
        rows.append([*known, *[""] * len(items.columns)])
    beside = _classes_file(path)
    if labels.classes != natural_order(names):
        write_atomic(beside, msgspec.json.encode(labels.classes))
    else:
        beside.unlink(missing_ok=True)
    with replacing(path) as stream:
        delimited.write(stream, [*COLUMNS[: 8 if with_key else 7], *items.columns], rows)


def _classes_file(path: Path) -> Path:
    return path.with_name(path.stem + ".classes.json")


def _beside(path: Path) -> ClassList | None:
    """The class list that was written with the manifest, or None."""
    file = _classes_file(path)
    if not file.is_file():
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=tuple[str, ...])
    except msgspec.DecodeError as error:
        raise InputError(str(file), "a JSON list of class names", str(error), "Repair or remove the file.") from error


def _lower_known(table: TextTable) -> TextTable:
    """Known columns under their lower-case names; a header may spell them in any case."""
    header = tuple(name.lower() if name.lower() in COLUMNS else name for name in table.header)
    if twice := [name for name in header if header.count(name) > 1]:
        got = f"'{twice[0]}' {header.count(twice[0])} times"
        raise InputError(f"{table.path}, line 1", "every column once", got, "Rename a column.")
    return TextTable(table.path, header, table.rows, table.lines, table.delimiter)


def _optional(table: TextTable, name: str) -> list[str]:
    return [v.strip() for v in table.column(name)] if name in table.header else [""] * len(table.rows)


def _pick(values: list[str], kept: list[int]) -> list[str]:
    return [values[i] for i in kept]


def _reason(text: str) -> str:
    return "" if text.lower() in ("0", "false", "no") else text


def _local(folder: Path, text: str) -> str:
    """A path as POSIX writes it; one written on Windows is turned when only then a file is there."""
    if "\\" in text and os.sep != "\\" and not (folder / text).exists():
        turned = text.replace("\\", "/")
        text = turned if not posixpath.isabs(turned) and (folder / turned).exists() else text
    return posixpath.normpath(text) if text else ""


def _portable(root: Path, paths: Sequence[str], manifest: Path) -> list[str]:
    """Paths as a manifest has them: relative to its folder where they lie in it, else absolute."""
    here = os.path.abspath(root)  # noqa: PTH100 — resolve() would follow the user's links
    base = os.path.join(os.path.abspath(manifest.parent), "")  # noqa: PTH100, PTH118
    absolute = [os.path.normpath(os.path.join(here, path)) for path in paths]  # noqa: PTH118
    return [path.removeprefix(base).replace(os.sep, "/") for path in absolute]


def _check_filled(table: TextTable, values: list[str], name: str, what: str, rows: list[int] | None = None) -> None:
    for i in range(len(values)) if rows is None else rows:
        if not values[i]:
            raise InputError(
                table.where(i), f"{what} in the column '{name}'", "nothing", "Fill it in, or drop the line."
            )


def _check_unique(table: TextTable, keys: list[str]) -> None:
    first: dict[str, int] = {}
    for i, key in enumerate(keys):
        if first.setdefault(key, i) != i:
            got = f"'{key}' again (first on line {table.lines[first[key]]})"
            raise InputError(table.where(i), "every image once", got, "Remove one of the lines.")


def _splits(table: TextTable, kept: list[int]) -> list[str]:
    values = _optional(table, "split")
    splits = []
    for i in kept:
        name = SPLIT_NAMES.get(values[i].lower(), "" if not values[i] else None)
        if name is None:
            hint = did_you_mean(values[i], SPLIT_NAMES)
            raise InputError(table.where(i), "train, val, test or nothing as split", repr(values[i]), hint)
        splits.append(name)
    return splits


def _pixels(table: TextTable, name: str, kept: list[int]) -> list[int]:
    values = _optional(table, name)
    for i in kept:
        if values[i] and not (values[i].isascii() and values[i].isdigit() and len(values[i]) < 8):
            raise InputError(table.where(i), f"pixels, a whole number, in '{name}'", repr(values[i]), "Correct it.")
    return [int(values[i] or 0) for i in kept]
