"""Shared by all tests: where the real data lies, a browser, and one thread each for torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chromium import Browser, Tab, find

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = os.environ.get("OPTOTYPE_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("OPTOTYPE_DATA is not set: real data is not at hand")
    return Path(folder)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find()
    if not program:
        pytest.skip("no Chromium at hand: install one, or name it in OPTOTYPE_CHROMIUM")
    with Browser(program, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    opened = Tab(browser)
    yield opened
    opened.close()
