"""``optotype view``."""

from __future__ import annotations

from pathlib import Path


def view(run: Path, /) -> None:
    """Open a report in the browser.

    Parameters
    ----------
    run
        Folder that holds a report.html, or the file itself.
    """
    import webbrowser

    from optotype.cli import console
    from optotype.errors import InputError

    file = run / "report.html" if run.is_dir() else run
    if not file.is_file():
        raise InputError(str(file), "a report", "no such file", f"Draw it: optotype report {run}")
    console.say(file.resolve().as_uri())
    webbrowser.open(file.resolve().as_uri())
