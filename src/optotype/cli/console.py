"""Where commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.console import Console

from optotype.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def say(line: str) -> None:
    """One plain line for the person who waits; never on stdout, so that ``--json`` stays clean."""
    err.print(line, markup=False, soft_wrap=True)


_FIRST = {"classify": "confusion", "detect": "sweep", "track": "hota", "segment": "label_pairs"}
"""A module of kernels that every command about a task needs."""


def say_if_first(task: str) -> None:
    """Say that kernels are compiled where that is about to happen: the first command about a task takes its time."""
    say_if_cold(_FIRST[task])


def say_if_cold(module: str) -> None:
    """The same of a module of kernels."""
    from optotype.kernels._jit import cold

    if cold(module):
        say("compiling for this machine; that is done once and takes some 20 seconds")


def warn(lines: list[str]) -> None:
    """Warnings, one a line."""
    for line in lines:
        err.print("warning: ", style="yellow", end="")
        err.print(line, markup=False, soft_wrap=True)


def table(found: Table) -> None:
    """A table between its title and its caption, each a line of its own however narrow the table is."""
    title, caption, found.title, found.caption = found.title, found.caption, None, None
    for part, style in ((title, "table.title"), (found, None), (caption, "table.caption")):
        if part is not None:
            out.print(part, style=style, markup=False, soft_wrap=part is not found)


_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


def seconds(text: str, option: str) -> float:
    """A duration such as ``90``, ``90s``, ``15m``, ``2h`` or ``1.5h`` in seconds.

    >>> seconds("1.5h", "--budget")
    5400.0
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d|)\s*", text)
    if not found or not float(found[1]):
        raise InputError(option, "a duration such as 90s, 15m or 2h", repr(text), "Write a number and a unit.")
    return float(found[1]) * _UNITS[found[2]]
