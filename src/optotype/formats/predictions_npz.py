"""A model's answers as ``.npz`` (no pickle): arrays ``path``, ``label`` and/or ``scores``, and ``classes``."""

from __future__ import annotations

import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from optotype.classes import ClassList, to_indices
from optotype.errors import InputError, did_you_mean
from optotype.files import replacing
from optotype.predictions import Predictions
from optotype.tables import Array, Floats, Ints, Labels

FORMAT = "optotype.predictions/1"

_FIX = "Save with np.savez(file, path=…, label=…) or np.savez(file, path=…, scores=…, classes=…), texts as dtype str."


def read(path: Path, classes: ClassList) -> Predictions:
    """Rows as they stand in the file, scores in the order of ``classes``.

    ``path`` (n,) text; ``label`` (n,) class names or indices into the file's ``classes``; ``scores`` (n, K)
    probabilities; without ``classes`` in the file the order is that of ``classes`` given.
    """
    arrays = _load(path)
    if "path" not in arrays or not {"label", "scores"} & arrays.keys():
        found = ", ".join(sorted(arrays)) or "nothing"
        raise InputError(str(path), "the arrays 'path' and 'label' or 'scores'", found, _FIX)
    keys = arrays["path"]
    if keys.dtype.kind != "U" or keys.ndim != 1:
        raise InputError(str(path), "'path' as texts, one a row", f"{keys.dtype}, shape {keys.shape}", _FIX)
    named = tuple(str(name) for name in arrays["classes"].tolist()) if "classes" in arrays else classes
    order = _order(path, named, classes)
    scores = _scores(path, arrays["scores"], (len(keys), len(classes)), order) if "scores" in arrays else None

    def where(i: int) -> str:
        return f"{path}, row {i}"

    if "label" in arrays:
        label = _labels(path, arrays["label"], len(keys), named, classes)
    else:
        assert scores is not None, "the arrays were checked"
        label = scores.argmax(axis=1).astype(np.int32)
    return Predictions(tuple(keys.tolist()), label, scores, where)


def write(path: Path, labels: Labels) -> None:
    """Write atomically; equal labels give equal bytes."""
    arrays: dict[str, Array] = {"format": np.array(FORMAT), "path": labels.items.key}
    arrays |= {"classes": np.array(labels.classes, np.str_), "label": labels.label}
    if labels.scores is not None:
        arrays["scores"] = labels.scores
    with replacing(path) as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def _load(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as file:
            if isinstance(file, np.ndarray):
                raise InputError(str(path), "an .npz file with named arrays", "a single array", _FIX)
            return dict(file)
    except (BadZipFile, ValueError, OSError, EOFError, KeyError, MemoryError, zlib.error) as error:
        raise InputError(str(path), "an .npz file of plain arrays", str(error), _FIX) from error


def _order(path: Path, named: ClassList, classes: ClassList) -> Array | None:
    """Column of each of ``classes`` among the file's; None where the order is the same."""
    if named == classes:
        return None
    if unknown := [name for name in named if name not in classes]:
        hint = f"{did_you_mean(unknown[0], classes)} Or give the whole list with --classes."
        raise InputError(f"{path}, 'classes'", f"the {len(classes)} classes", repr(unknown[0]), hint)
    if missing := [name for name in classes if name not in named]:
        raise InputError(f"{path}, 'classes'", f"all {len(classes)} classes", f"no {missing[0]!r}", "Add the class.")
    return np.array([named.index(name) for name in classes], np.intp)


def _scores(path: Path, scores: Array, shape: tuple[int, int], order: Array | None) -> Floats:
    if scores.dtype.kind not in "fiu" or scores.shape != shape:
        expected = f"numbers, {shape[0]} rows, {shape[1]} columns, one a class"
        raise InputError(f"{path}, 'scores'", expected, f"{scores.dtype}, shape {scores.shape}", _FIX)
    return np.array(scores if order is None else scores[:, order], np.float64)


def _labels(path: Path, label: Array, n: int, named: ClassList, classes: ClassList) -> Ints:
    if label.shape != (n,) or label.dtype.kind not in "Uiu":
        got = f"{label.dtype}, shape {label.shape}"
        raise InputError(f"{path}, 'label'", f"{n} class names or indices", got, _FIX)
    if label.dtype.kind == "U":
        return to_indices(label.tolist(), classes, lambda i: f"{path}, row {i}")
    bad = np.flatnonzero((label < 0) | (label >= len(named)))
    if len(bad):
        where = f"{path}, row {bad[0]}"
        raise InputError(where, f"a class index in 0…{len(named) - 1}", str(label[bad[0]]), "Check 'classes'.")
    return to_indices([named[i] for i in label.tolist()], classes, lambda i: f"{path}, row {i}")
