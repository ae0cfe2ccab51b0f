"""The label maps that an evidence was made of, found again, and known to be the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.formats import MaskClasses, mask_manifest, read_mask_manifest, read_mask_predictions
from optotype.formats.mask_manifest import files_of
from optotype.label_maps import Coloured, Indexed, LabelMap, colour_key
from optotype.tables import OTHER, VOID, Masks

SAID = "said.csv"
"""Beside which the record of the predictions would lie; they have no manifest of their own."""


def judged_maps(manifest: Path, predictions: Path, evidence: Evidence) -> tuple[Masks, Masks]:
    """Truth and prediction of the evidence's items, in its order, undecoded.

    ``manifest`` is the ``data.csv`` that remembers the truth; beside it an evaluation leaves what the predictions'
    numbers mean. InputError where files are missing, or where the first item's label maps are not those that the
    evidence counts.
    """
    every = read_mask_manifest(manifest)
    place = {key: i for i, key in enumerate(every.items.key.tolist())}
    missing = [key for key in evidence.keys.tolist() if key not in place]
    if missing or every.classes != evidence.classes:
        raise _changed(manifest)
    truth = every.take(np.array([place[key] for key in evidence.keys.tolist()], np.int64))
    failed: InputError = _changed(predictions)
    for reading in _readings(manifest, predictions, truth):
        try:
            said = reading()
            check(evidence, 0, truth.maps[0], said.maps[0])
        except InputError as error:
            failed = error
        else:
            return truth, said
    raise failed


def check(evidence: Evidence, i: int, truth: LabelMap, said: LabelMap) -> None:
    """InputError where two label maps are not those that item ``i`` of the evidence was counted from."""
    key = str(evidence.keys[i])
    if truth.shape != said.shape:
        raise _changed(Path(key))
    true = np.where(truth == OTHER, VOID, truth).astype(np.uint16)
    counted = np.bincount((true << 8 | said).ravel(), minlength=1 << 16)
    rows = evidence["pixels"]
    start, end = np.searchsorted(rows.item, [i, i + 1])
    judged = np.zeros_like(counted)
    judged[rows["truth"][start:end].astype(np.int64) << 8 | rows["said"][start:end]] = rows["n"][start:end]
    if not np.array_equal(counted, judged):
        raise _changed(Path(key))


def keep_said(manifest: Path, said: Masks) -> None:
    """Write down beside the truth's manifest where the predictions lie and what their numbers or colours mean."""
    mask_manifest.write(manifest.with_name(SAID), said)


def _readings(manifest: Path, predictions: Path, truth: Masks) -> Iterator[Callable[[], Masks]]:
    """How predictions may be read: as was written down, else in each of the ways that fit a stranger's."""
    record = manifest.with_name(SAID)
    if mask_manifest.holds_masks(record):
        yield lambda: mask_manifest.read(record, truth.items)
    for classes in _codings(truth):
        yield partial(_foreign, predictions, truth, classes)


def _foreign(predictions: Path, truth: Masks, classes: MaskClasses | None) -> Masks:
    return read_mask_predictions(predictions, truth, classes=classes, unknown="void").masks


def _codings(truth: Masks) -> list[MaskClasses | None]:
    """How foreign predictions may be read: as our own, as the truth's files are, and by the classes' colours."""
    identity = {**{k: k for k in range(len(truth.classes))}, VOID: VOID}
    painted = {colour_key(colour): k for k, colour in enumerate(truth.colours.tolist())}
    found: list[MaskClasses | None] = [None]
    files = files_of(truth.maps)
    if files is not None and isinstance(files.coding, Indexed):
        found.append(MaskClasses(truth.classes, truth.colours, files.coding.values, {}))
    if files is not None and isinstance(files.coding, Coloured):
        found.append(MaskClasses(truth.classes, truth.colours, identity, files.coding.colours))
    return [*found, MaskClasses(truth.classes, truth.colours, identity, painted)]


def _changed(path: Path) -> InputError:
    return InputError(str(path), "the label maps that were judged", "others", "Evaluate again.")
