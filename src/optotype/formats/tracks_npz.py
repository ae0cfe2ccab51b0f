"""Tracks as columns in one ``.npz``: every column of the table under its name, for Python; no pickles."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from optotype.errors import InputError
from optotype.files import replacing
from optotype.tables import Array, Items, Strings, Tracks

_ROWS = ("item", "frame", "id", "label", "box", "counts", "visibility", "row")
_KINDS = {
    "item": np.int32, "frame": np.int32, "id": np.int64, "label": np.int32, "box": np.float64, "counts": np.bool_,
    "visibility": np.float64, "row": np.int64, "score": np.float64,
}  # fmt: skip
_NEEDED = ("sequence", "length", "classes", "item", "frame", "box")
_FIX = "Write it with optotype.formats.write_tracks, or give at least sequence, length, classes, item, frame and box."


def read(path: Path) -> Tracks:
    """A table in ``.npz``: ``sequence`` (s,) names, ``length`` (s,), ``classes`` (k,), ``item``, ``frame``, ``box``.

    Optional: ``id`` (else −1), ``label`` (else 0), ``score``, ``counts``, ``visibility``, ``row``, ``rate``, ``group``,
    ``path``, ``width``, ``height``. InputErrors name the array.
    """
    found = _arrays(path)
    for name in _NEEDED:
        if name not in found:
            raise InputError(str(path), f"the arrays {', '.join(_NEEDED)}", f"no '{name}'", _FIX)
    n, s = len(found["frame"]), len(found["sequence"])
    missing = {
        "id": np.full(n, -1), "label": np.zeros(n), "counts": np.ones(n), "visibility": np.full(n, np.nan),
        "row": np.arange(n), "rate": np.full(s, np.nan),
    }  # fmt: skip
    known = missing | found
    rows: dict[str, Any] = {name: _as(path, name, known[name], _KINDS[name]) for name in _ROWS}
    score = _as(path, "score", found["score"], np.float64) if "score" in found else None
    classes = tuple(_text(path, "classes", found["classes"]).tolist())
    try:
        return Tracks(
            _items(path, found), classes, _as(path, "length", found["length"], np.int32),
            _as(path, "rate", known["rate"], np.float64), **rows, score=score,
        )  # fmt: skip
    except InputError as error:
        raise InputError(f"{path}: {error.where}", error.expected, error.got, error.fix) from error


def _arrays(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: np.atleast_1d(archive[name]) for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile, AttributeError) as error:
        raise InputError(str(path), "a .npz of plain arrays", str(error).splitlines()[0], _FIX) from error


def _as(path: Path, name: str, values: Array, kind: type) -> Array:
    """The values as an array of the kind; whole numbers must be such."""
    if values.dtype.kind not in "biuf":
        raise InputError(f"{path}, '{name}'", "numbers", f"{values.dtype}", _FIX)
    if kind is np.float64:
        return values.astype(kind)
    info = np.iinfo(np.int64 if kind is np.bool_ else kind)
    bad = ~((values >= info.min) & (values <= info.max) & (values == np.trunc(values)))
    if bad.any():
        raise InputError(f"{path}, '{name}'", "whole numbers", f"{values[bad][0]}", "Correct the array.")
    return values.astype(kind)


def _text(path: Path, name: str, values: Array) -> Strings:
    if values.dtype.kind != "U":
        raise InputError(f"{path}, '{name}'", "text (a NumPy array of strings)", f"{values.dtype}", _FIX)
    return values


def _items(path: Path, found: dict[str, Array]) -> Items:
    text = {name: _text(path, name, found[name]) for name in ("sequence", "group", "path") if name in found}
    if strange := [name for name in text["sequence"].tolist() if not name or set(name) & set("/\\:")]:
        raise InputError(f"{path}, 'sequence'", "names that files can have", repr(strange[0]), "Rename the sequence.")
    width, height = (_as(path, name, found[name], np.int32) if name in found else None for name in ("width", "height"))
    return Items.of(
        text["sequence"], path=text.get("path"), group=text.get("group"), width=width, height=height, root=path.parent
    )


def write(path: Path, tracks: Tracks) -> None:
    """Write the table atomically; ``read`` gives an equal one."""
    items = tracks.items
    places = [str(items.file(i).absolute()) if items.path[i] else "" for i in range(len(items))]
    arrays: dict[str, Any] = {
        "sequence": items.key, "group": items.group, "path": np.array(places, dtype=np.str_), "width": items.width,
        "height": items.height, "classes": np.array(tracks.classes, dtype=np.str_), "length": tracks.length,
        "rate": tracks.rate,
    } | {name: getattr(tracks, name) for name in _ROWS}  # fmt: skip
    if tracks.score is not None:
        arrays["score"] = tracks.score
    with replacing(path) as stream:
        np.savez(stream, **arrays)
