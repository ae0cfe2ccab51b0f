"""Image files: each stored once, linked where several layouts show it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from PIL import Image


def save(path: Path, pixels: NDArray[Any]) -> None:
    """Write pixels (h, w) or (h, w, 3) uint8 as PNG, lightly compressed; its folder is there."""
    Image.fromarray(pixels).save(path, compress_level=1)


def link(source: Path, target: Path) -> None:
    """Show a file at a second place: a hard link, or a copy where the file system has none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def folders(root: Path, *names: str) -> None:
    """Make folders within ``root``."""
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
