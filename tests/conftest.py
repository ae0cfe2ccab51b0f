"""Shared by all tests: where the real data lies, and one thread each for torch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("OPTOTYPE_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("OPTOTYPE_DATA is not set: real data is not at hand")
    return Path(folder)
