"""Checkpoint files: written whole or not at all, checked before use, loaded without executing anything.

A file is a torch archive (a zip whose members carry CRC-32 sums) of plain numbers, strings and tensors.
"""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import torch

from optotype.errors import InputError
from optotype.files import replacing

FORMAT = "optotype.checkpoint/1"


def save(state: dict[str, Any], path: Path, *, previous: Path | None = None) -> None:
    """Write ``state`` to ``path``; what was there before is kept as ``previous``.

    Killed at any moment, one of the two files is whole: the old one is moved aside only when the new one's
    bytes have been written beside it.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **state}, buffer)
    with replacing(path) as stream:
        stream.write(buffer.getbuffer())
        stream.flush()
        os.fsync(stream.fileno())
        if previous is not None and path.exists():
            path.replace(previous)


def load(path: Path) -> dict[str, Any]:
    """The state in a checkpoint, on the CPU; raises InputError for a damaged, foreign or newer file."""
    if not path.is_file():
        raise InputError(str(path), "a checkpoint", "no such file", "Check the path.")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        state = None if damaged else torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 — damaged bytes raise nearly anything
        raise _damaged(path, (str(error).splitlines() or [type(error).__name__])[0][:200]) from None
    if damaged:
        raise _damaged(path, f"wrong checksum of '{damaged}'")
    if not isinstance(state, dict):
        state = {}
    found = state.get("format")
    if not isinstance(found, str) or not found.startswith("optotype.checkpoint/"):
        raise InputError(str(path), "a checkpoint of Optotype", "another file", "Give it as --weights FILE instead.")
    if found != FORMAT:
        raise InputError(str(path), FORMAT, found, "Update Optotype: a newer version wrote this file.")
    return state


def load_newest(path: Path, previous: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """The state of ``path``, else of ``previous``, else None; and what to tell about a damaged file.

    A damaged ``path`` is set aside, so that it is never kept as the previous good one.
    """
    notes: list[str] = []
    for file in (path, previous):
        if not file.exists():
            continue
        try:
            return load(file), notes
        except InputError as error:
            notes.append(f"checkpoint {file.name} cannot be used ({error.got}); going back to the one before")
            with contextlib.suppress(OSError):
                file.replace(file.with_name(f"{file.name}.damaged"))
    return None, notes


def _damaged(path: Path, got: str) -> InputError:
    return InputError(str(path), "a whole checkpoint", got, "Use the one before it, or train again.")
