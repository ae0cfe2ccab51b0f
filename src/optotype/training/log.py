"""``log.jsonl`` and ``curves.csv`` of a run."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from optotype.diagnose.epochs import EpochRow, curves, read
from optotype.errors import InputError
from optotype.files import write_atomic
from optotype.runs import RunFolder


class Log:
    """The rows of the epochs so far; ``log.jsonl`` is appended to, ``curves.csv`` replaced."""

    def __init__(self, folder: RunFolder, epochs: int, *, writes: bool) -> None:
        """Go on after ``epochs`` of them: later rows, of a part that will be done again, are dropped."""
        self._folder, self._writes = folder, writes
        kept = [row for row in read(folder.log) if row.epoch <= epochs] if folder.log.is_file() else []
        if [row.epoch for row in kept] != list(range(1, epochs + 1)):
            raise InputError(
                str(folder.log), f"the epochs 1…{epochs} of the checkpoint", f"{[row.epoch for row in kept]}",
                "Restore the file, or begin a new run.",
            )  # fmt: skip
        self.rows: list[EpochRow] = kept
        if writes and folder.log.is_file():
            write_atomic(folder.log, b"".join(map(_line, kept)))
            write_atomic(folder.curves, curves(kept))

    def append(self, row: EpochRow) -> None:
        """Add an epoch, on the disk before this returns."""
        self.rows.append(row)
        if not self._writes:
            return
        with self._folder.log.open("ab") as stream:
            stream.write(_line(row))
            stream.flush()
            os.fsync(stream.fileno())
        write_atomic(self._folder.curves, curves(self.rows))

    @property
    def best(self) -> int:
        """The epoch (from 1) with the lowest validation loss; the last one where there is no validation; 0 =
        none.
        """
        return best_epoch(self.rows)


def best_epoch(rows: Sequence[EpochRow]) -> int:
    """The last epoch that was the best when it was measured; 0 where there is none."""
    return max((row.epoch for row in rows if row.best), default=0)


def _line(row: EpochRow) -> bytes:
    return msgspec.json.encode(row) + b"\n"
