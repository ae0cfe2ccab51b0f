"""The only place with Numba's flags and the cache policy.

Cache: NUMBA_CACHE_DIR where set, else beside the user's other caches, else the temporary folder, else no cache and
one warning, so that a read-only install without a home works too.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def _usable(folder: Path) -> bool:
    """Whether files can be written there and nobody else could have put code there for us to load."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and {folder.stat().st_uid, folder.parent.stat().st_uid} != {os.getuid()}:
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _choose_cache() -> bool:
    """Point Numba at a folder that can be written; False where there is none."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return True
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    user = getattr(os, "getuid", lambda: "user")()
    for base in (Path(home) / "optotype", Path(tempfile.gettempdir()) / f"optotype-{user}"):
        folder = base / f"numba-{sys.version_info.major}.{sys.version_info.minor}"
        if _usable(folder):
            os.environ["NUMBA_CACHE_DIR"] = str(folder)
            return True
    return False


_CACHE = _choose_cache()

import numba  # noqa: E402 — reads NUMBA_CACHE_DIR when imported

if os.environ.get("NUMBA_CACHE_DIR"):
    vars(numba.config)["CACHE_DIR"] = os.environ["NUMBA_CACHE_DIR"]
if not _CACHE:
    warnings.warn("no folder for compiled kernels can be written: they are compiled anew in each process", stacklevel=2)


def cold(module: str) -> bool:
    """Whether no kernel of ``optotype.kernels.<module>`` lies in the cache: then importing it takes its time."""
    folder = os.environ.get("NUMBA_CACHE_DIR")
    return not _CACHE or folder is None or not any(Path(folder).glob(f"*/{module}.*.nbi"))


def jit(*signatures: str, fastmath: bool = False) -> Callable[[F], F]:
    """Compile a kernel: no Python objects, releases the GIL, cached on disk; eager when signatures are given.

    Eager compilation keeps the set of signatures small and the moment of compiling known; without signatures the
    first call compiles.
    """
    options: dict[str, Any] = {"nogil": True, "cache": _CACHE, "fastmath": fastmath, "error_model": "numpy"}

    def compiled(kernel: F) -> F:
        return cast(F, numba.njit(list(signatures) or None, **options)(kernel))

    return compiled
