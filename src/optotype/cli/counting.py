"""What a person sees while things are counted off: a bar with ETA on a terminal, a line now and then otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from optotype.cli import console

_LINE_SECONDS = 10.0


@contextmanager
def counting(doing: str, done_to: str) -> Iterator[Callable[[int, int], None]]:
    """The function to call with (done, in all); ``doing`` is the bar's title, ``done_to`` what a line says of {}.

    Such as ``counting("looking at files", "looked at {} files")``.
    """
    bars = Progress(
        TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
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
            console.say(f"{done_to.format(f'{done:,} of {of:,}')}, about {left:.0f} s left")

    with bars:
        yield update
