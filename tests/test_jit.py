"""Where compiled kernels are kept: a folder of our own, or none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def chosen(home: Path, temporary: Path) -> str:
    """The folder that a new process takes with these folders for caches and temporary files."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    environment |= {"XDG_CACHE_HOME": str(home), "TMPDIR": str(temporary)}
    code = "import warnings; warnings.simplefilter('ignore'); from optotype.kernels import _jit; import os; "
    code += "print(os.environ.get('NUMBA_CACHE_DIR', ''))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_users_cache_then_temp(tmp_path: Path) -> None:
    (tmp_path / "temp").mkdir()
    assert Path(chosen(tmp_path / "home", tmp_path / "temp")).is_relative_to(tmp_path / "home")
    (tmp_path / "file").write_text("in the way of a cache folder")
    assert Path(chosen(tmp_path / "file", tmp_path / "temp")).is_relative_to(tmp_path / "temp")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way of a cache folder")
    planted = tmp_path / "temp" / "optotype-0"
    planted.mkdir(parents=True)
    os.chown(planted, 12345, 12345)
    assert chosen(tmp_path / "file", tmp_path / "temp") == ""


def test_a_cache_without_a_module_is_cold(tmp_path: Path, monkeypatch) -> None:
    from optotype.kernels import _jit

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert _jit.cold("sweep")
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "sweep.once-1.py311.nbi").touch()
    assert not _jit.cold("sweep")
    assert _jit.cold("ranking")
