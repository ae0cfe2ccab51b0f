"""A model's answers as CSV: ``path,label``, or ``path,<class>…`` with probabilities, or both."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from optotype import delimited
from optotype.classes import ClassList, to_indices
from optotype.delimited import TextTable
from optotype.errors import InputError, and_more, did_you_mean
from optotype.files import replacing
from optotype.predictions import Predictions
from optotype.tables import SCORE_SUM_TOLERANCE, Floats, Labels

_FIX = "Begin with a line 'path,label', or 'path,' and the class names over columns of probabilities."


def read(path: Path, classes: ClassList) -> Predictions:
    """Rows as they stand in the file, scores in the order of ``classes``; InputErrors name the line.

    With probabilities and no ``label``, the label is the most probable class (the first of equals).
    """
    table = delimited.read(path, required=("path",), fix=_FIX)
    score_names = [name for name in table.header if name not in ("path", "label")]
    if not score_names and "label" not in table.header:
        raise InputError(f"{path}, line 1", "the column 'label' or one column a class", "'path' only", _FIX)
    if "label" in table.header and not set(score_names) & set(classes):
        score_names = []  # further columns of a label file are the user's own
    scores = _scores(table, score_names, classes) if score_names else None
    if "label" in table.header and "label" not in classes:
        label = to_indices([text.strip() for text in table.column("label")], classes, table.where)
    else:
        assert scores is not None, "the header was checked"
        label = scores.argmax(axis=1).astype(np.int32)
    return Predictions(tuple(table.column("path")), label, scores, table.where)


def write(path: Path, labels: Labels) -> None:
    """Write atomically: ``path``, and ``label`` or one column of probabilities a class, exact to the last bit.

    A label that is not the most probable class is kept beside the probabilities.
    """
    keys, scores = labels.items.key.tolist(), labels.scores
    names = [labels.classes[i] for i in labels.label.tolist()]
    header, columns = ["path"], [keys]
    if scores is None or ("label" not in labels.classes and (scores.argmax(axis=1) != labels.label).any()):
        header, columns = ["path", "label"], [keys, names]
    rows = [list(row) for row in zip(*columns, strict=True)]
    if scores is not None:
        header += labels.classes
        rows = [[*row, *map(repr, values)] for row, values in zip(rows, scores.tolist(), strict=True)]
    with replacing(path) as stream:
        delimited.write(stream, header, rows)


def _scores(table: TextTable, names: list[str], classes: ClassList) -> Floats:
    where = f"{table.path}, line 1"
    if unknown := [name for name in names if name not in classes]:
        hint = f"{did_you_mean(unknown[0], classes)} Or give the whole list with --classes."
        raise InputError(where, f"columns named after the {len(classes)} classes", repr(unknown[0]), hint)
    if missing := [name for name in classes if name not in names]:
        more = and_more(len(missing) - 1)
        raise InputError(where, "one column a class", f"none for '{missing[0]}'{more}", "Add the column, 0 if never.")
    at = [table.header.index(name) for name in classes]
    texts = [[row[i] for i in at] for row in table.rows]
    try:
        scores = np.array(texts, np.float64).reshape(len(texts), len(at))
    except ValueError:
        scores = np.array([[_number(table, r, text) for text in row] for r, row in enumerate(texts)], np.float64)
    _check(table, scores)
    return scores


def _number(table: TextTable, row: int, text: str) -> float:
    decimal_comma = table.delimiter != "," and "." not in text
    try:
        return float(text.replace(",", ".") if decimal_comma else text)
    except ValueError:
        raise InputError(table.where(row), "a probability", repr(text), "Write a number from 0 to 1.") from None


def _check(table: TextTable, scores: Floats) -> None:
    sums = scores.sum(axis=1)
    finite = np.isfinite(scores).min(axis=1, initial=True)
    bad = np.flatnonzero(~finite | (scores < 0).any(axis=1) | ~(np.abs(sums - 1) <= SCORE_SUM_TOLERANCE))
    if not len(bad):
        return
    row = int(bad[0])
    got = f"the sum {sums[row]:.6g}, least {scores[row].min():.6g}" if finite[row] else "NaN or infinity"
    more = and_more(len(bad) - 1, "such lines")
    raise InputError(
        table.where(row), "probabilities ≥ 0 that sum to 1 (± 0.001)", got + more, "Write softmax probabilities."
    )
