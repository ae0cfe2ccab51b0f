"""Write docs/commands.md from the commands' own help: `python docs/build.py`; a test keeps it current."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

HERE = Path(__file__).parent


def commands() -> str:
    """Every command's help, as it is printed at 100 columns."""
    from rich.console import Console

    from optotype.cli import COMMANDS, build

    parts = ["# Commands\n\nThis page is made from the commands' own help by `python docs/build.py`.\n"]
    for name in COMMANDS:
        stream = io.StringIO()
        console = Console(file=stream, width=100, color_system=None, force_terminal=False)
        with contextlib.suppress(SystemExit):
            build()([name, "--help"], console=console)
        text = "\n".join(line.rstrip() for line in stream.getvalue().splitlines())
        parts.append(f"## {name}\n\n```text\n{text.strip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    (HERE / "commands.md").write_text(commands(), encoding="utf-8")
