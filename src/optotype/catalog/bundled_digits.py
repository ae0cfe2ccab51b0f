"""The handwritten digits that come with scikit-learn, as image files."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from optotype.errors import MissingExtraError


def digits(folder: Path) -> Path:
    """Write the digits as 8 × 8 gray PNG files, one folder a class, into ``folder/digits``, once, all or none.

    Gray levels 0–16 become 0–255. Needs scikit-learn (the extra 'explain'), no network.
    """
    done = folder / "digits"
    if done.is_dir():
        return done
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingExtraError("the data set 'digits'", "explain", "scikit-learn") from error
    found = load_digits()
    folder.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".digits.", dir=folder))
    try:
        part.chmod(0o755)
        levels = np.rint(found.images * (255 / 16)).astype(np.uint8)
        for name in range(10):
            (part / str(name)).mkdir()
        for i, (level, name) in enumerate(zip(levels, found.target.tolist(), strict=True)):
            Image.fromarray(level).save(part / str(name) / f"{i:04}.png")
        try:
            part.rename(done)
        except OSError:  # another process was faster
            if not done.is_dir():
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return done
