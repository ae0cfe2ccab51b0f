"""Named public data."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from optotype.catalog.bundled_digits import digits
from optotype.errors import InputError, did_you_mean


class Entry(NamedTuple):
    """One data set: what it holds, and the function that lays it into a folder and returns where."""

    holds: str
    make: Callable[[Path], Path]


CATALOG: dict[str, Entry] = {
    "digits": Entry("1,797 handwritten digits of scikit-learn, 8 × 8 pixels, 10 classes", digits),
}


def get(name: str, folder: Path | None = None) -> Path:
    """Lay the catalogued data set ``name`` into ``folder`` (default: the cache) and return where it lies."""
    if name not in CATALOG:
        raise InputError(name, "a catalogued data set", "an unknown name", did_you_mean(name, CATALOG))
    return CATALOG[name].make(cache_folder() if folder is None else folder)


def resolve(name_or_path: str | Path) -> Path:
    """The path itself where something is there, else the catalogued data set of that name, made on first use."""
    path = Path(name_or_path)
    if path.exists():
        return path
    if str(name_or_path) in CATALOG:
        return get(str(name_or_path))
    beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = did_you_mean(path.name, [*beside, *CATALOG])
    raise InputError(
        str(name_or_path),
        f"a folder, a CSV, a COCO JSON file, or a catalogued data set ({', '.join(CATALOG)})",
        "nothing is there",
        hint if hint.startswith("Did") else "Check the path.",
    )


def cache_folder() -> Path:
    """The user's cache folder for data, or one in the temporary folder where no home can be written."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(home, "optotype", "data")
    try:
        folder = folder.expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):
        user = getattr(os, "getuid", lambda: "user")()
        return Path(tempfile.gettempdir()) / f"optotype-{user}" / "data"
