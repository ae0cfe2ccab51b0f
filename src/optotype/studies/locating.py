"""Where images lie that the user keeps apart from the truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from optotype.errors import InputError
from optotype.mask_trees import IMAGES, keyed
from optotype.tables import Items, Strings


def located(items: Items, root: Path) -> Items:
    """The items with their images under ``root``: by their paths, by the paths' last part, by their keys, or by their
    keys as names without suffix, as those of label maps are.

    The first of these under which the first image is there; an InputError where none is.
    """
    if not root.is_dir():
        raise InputError("--images", "a folder", f"'{root}'", "Name the folder that holds the images.")
    last = np.array([PurePosixPath(path).name for path in items.path.tolist()], dtype=np.str_)
    for names in (items.path, last, items.key):
        if len(items) and str(names[0]) and (root / str(names[0])).is_file():
            return replace(items, path=names, root=root.resolve())
    names = _named(items, root)
    if len(items) and str(names[0]):
        return replace(items, path=names, root=root.resolve())
    sought = str(items.path[0]) or str(items.key[0])
    raise InputError("--images", f"the images of the truth in '{root}', such as '{sought}'", "it is not there",
                     "Name the folder from which the truth's file names lead to the images.")  # fmt: skip


def _named(items: Items, root: Path) -> Strings:
    """The image below ``root`` that has each key, or else its last part, as its name; empty where there is none."""
    found = keyed(root, IMAGES)
    names = (found.get(key) or found.get(PurePosixPath(key).name) for key in items.key.tolist())
    return np.array([path.relative_to(root).as_posix() if path else "" for path in names], dtype=np.str_)
