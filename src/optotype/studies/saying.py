"""How long work tells whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Say: TypeAlias = Callable[[str], None]
"""Takes one line."""


def quiet(_line: str) -> None:
    """Tells nobody."""
