"""Predictions as read, and their alignment to the truth's items."""

from __future__ import annotations

import os
import posixpath
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optotype.errors import InputError
from optotype.tables import Array, Floats, Ints, Items, Labels


@dataclass(frozen=True, eq=False)
class Predictions:
    """Rows of a predictions file: ``keys`` as written, ``label`` (n,) and ``scores`` (n, K) or None.

    Both in the truth's classes. ``where(i)`` names the place of row i, for errors.
    """

    keys: tuple[str, ...]
    label: Ints
    scores: Floats | None
    where: Callable[[int], str]


def align(path: Path, found: Predictions, truth: Labels) -> Labels:
    """The predictions in the order of the truth's items.

    A row belongs to the item whose key it names; else, with separators and Unicode form made alike, to the item of
    that key or of that path, relative to the truth's root or absolute. Unknown, missing and repeated items are
    InputErrors.
    """
    rows = locate(found.keys, truth.items)
    unknown = np.flatnonzero(rows < 0)
    if len(unknown):
        raise _unknown(found, truth, unknown)
    line = np.full(len(truth), -1, np.intp)
    line[rows] = np.arange(len(rows))
    twice = np.flatnonzero(line[rows] != np.arange(len(rows)))
    if len(twice):
        first = int(twice[0])
        key = str(truth.items.key[rows[first]])
        raise InputError(
            found.where(int(line[rows[first]])), "one prediction an item",
            f"'{key}' again (first: {found.where(first)})", "Remove one of them.",
        )  # fmt: skip
    missing = np.flatnonzero(line < 0)
    if len(missing):
        shown = _examples(truth.items.key[missing].tolist())
        got = f"none for {len(missing):,} of {len(truth):,}: {shown}"
        raise InputError(
            str(path), "a prediction for every item of the truth", got, "Predict them, or judge a --split."
        )
    scores = None if found.scores is None else found.scores[line]
    return Labels(truth.items, truth.classes, found.label[line], scores)


def locate(keys: Sequence[str], items: Items) -> Array:
    """Row of the item that each key names, by key, by path or by absolute path; −1 for none. Shape (len(keys),)."""
    exact = {key: i for i, key in enumerate(items.key.tolist())}
    rows = np.array([exact.get(key, -1) for key in keys], np.intp)
    left = np.flatnonzero(rows < 0)
    if len(left):
        alike = _by_path(items)
        for i in left.tolist():
            rows[i] = alike.get(_plain(keys[i]), -1)
    return rows


def _by_path(items: Items) -> dict[str, int]:
    """Row by key, by path and by absolute path, all in plain form; what names two rows is left out."""
    root = Path(os.path.abspath(items.root))  # noqa: PTH100 — resolve() would follow the user's links
    known: dict[str, int] = {}
    for i, (key, path) in enumerate(zip(items.key.tolist(), items.path.tolist(), strict=True)):
        names = {_plain(key)} | ({_plain(path), _plain(str(root / path))} if path else set())
        for name in names:
            known[name] = i if known.setdefault(name, i) == i else -1
    return known


def _plain(text: str) -> str:
    return posixpath.normpath(unicodedata.normalize("NFC", text.strip()).replace("\\", "/"))


def _unknown(found: Predictions, truth: Labels, unknown: Array) -> InputError:
    keys = truth.items.key[:2].tolist()
    got = (
        f"{len(unknown):,} of {len(found.keys):,} predictions for unknown items: "
        f"{_examples([found.keys[i] for i in unknown[:2].tolist()])}"
    )
    return InputError(
        found.where(int(unknown[0])), f"items of the truth, such as {_examples(keys)}", got,
        "Write the paths as the truth does, and predict for the same images (and split) only.",
    )  # fmt: skip


def _examples(keys: list[str]) -> str:
    return ", ".join(repr(key) for key in keys[:2]) + (" …" if len(keys) > 2 else "")
