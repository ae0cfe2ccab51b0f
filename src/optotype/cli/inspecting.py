"""What a person sees while files are looked at: a bar with ETA on a terminal, a line now and then otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from optotype.cli import console

_LINE_SECONDS = 10.0


@contextmanager
def inspecting() -> Iterator[Callable[[int, int], None]]:
    """The function to call with (files done, files in all)."""
    bars = Progress(
        TextColumn("looking at files"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console.err, transient=True, disable=not console.err.is_terminal,
    )  # fmt: skip
    task = bars.add_task("")
    began = last = time.monotonic()

    def update(done: int, of: int) -> None:
        nonlocal last
        bars.update(task, completed=done, total=of)
        now = time.monotonic()
        if not console.err.is_terminal and now - last >= _LINE_SECONDS:
            last = now
            left = (now - began) * (of - done) / done
            console.say(f"looked at {done:,} of {of:,} files, about {left:.0f} s left")

    with bars:
        yield update
