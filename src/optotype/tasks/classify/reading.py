"""Reading what a classifier is judged by."""

from __future__ import annotations

import hashlib
from pathlib import Path

from optotype.catalog import resolve
from optotype.formats import read_classes, read_labels, read_predictions
from optotype.formats.manifest import write
from optotype.tables import Labels
from optotype.tasks.reading import Asked, Read


def read(asked: Asked) -> Read:
    """Labels of both sides: a folder per class, a CSV or a catalogued data set, against a CSV or ``.npz``."""
    asked.only("classify", "split", "classes")
    asked.check_protocol("plain")
    source = resolve(asked.truth)
    known = None if asked.classes is None else read_classes(asked.classes)
    truth = read_labels(source, classes=known, split=asked.split)
    return Read(truth, read_predictions(asked.predictions, truth), truth.items, source)


def keep(path: Path, truth: Labels) -> None:
    """Write the manifest of what was judged, for the report and for 'explain'."""
    write(path, truth)


def digest(truth: Labels) -> str:
    """Hash of keys, classes and labels in key order: equal truths are equal whatever file they came from."""
    found = hashlib.sha256("\0".join(truth.classes).encode())
    for key, label in sorted(zip(truth.items.key.tolist(), truth.label.tolist(), strict=True)):
        found.update(f"\0{key}\0{label}".encode(errors="surrogateescape"))
    return found.hexdigest()
