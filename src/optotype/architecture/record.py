"""A layer table as JSON (``optotype.describe/1``)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from optotype.errors import InputError
from optotype.theory.layers import Architecture

FORMAT = "optotype.describe/1"


class _Totals(msgspec.Struct, frozen=True):
    parameters: int
    macs: int | None
    peak_bytes: int | None


class _Record(msgspec.Struct, frozen=True):
    format: str
    totals: _Totals
    architecture: Architecture


def encode(architecture: Architecture) -> bytes:
    """The table with its totals, indented.

    >>> decode(encode(Architecture("net", "test", (3, 8, 8), []))).input
    (3, 8, 8)
    """
    totals = _Totals(architecture.parameters, architecture.macs, architecture.peak_bytes)
    return msgspec.json.format(msgspec.json.encode(_Record(FORMAT, totals, architecture)), indent=2) + b"\n"


def decode(content: bytes, *, where: str = "layer table") -> Architecture:
    """The table back; the totals follow from it. Raises InputError for anything else."""
    try:
        record = msgspec.json.decode(content, type=_Record)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(where, f"a layer table ({FORMAT})", str(error)[:200], "Make it again.") from None
    if record.format != FORMAT:
        raise InputError(where, FORMAT, record.format, "Update Optotype: another version wrote this file.")
    return record.architecture


def read(path: Path) -> Architecture:
    """The table in a file."""
    return decode(path.read_bytes(), where=str(path))
