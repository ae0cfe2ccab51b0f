"""``optotype report``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def report(
    run: Path,
    /,
    *,
    out: Path | None = None,
    max_mb: float = 20,
    format: Literal["html", "md", "tex", "json"] = "html",
) -> None:
    """Draw the report of a run, an evaluation, a comparison or a study again.

    Parameters
    ----------
    run
        Folder of a run, evaluation, comparison or study.
    out
        File to write; default: report.html in that folder, or stdout for md, tex and json.
    max_mb
        Largest size of the HTML file, megabytes; galleries are thinned to fit, and the page says so.
    format
        html (one offline file), md, tex (tables), or json (the numbers).
    """
    import sys

    from optotype.cli import console
    from optotype.files import write_atomic
    from optotype.studies.reports import render

    if out is None and format == "html":
        out = run / "report.html"
    text = render(run, format=format, max_mb=max_mb)
    if out is None:
        sys.stdout.write(text)
    else:
        write_atomic(out, text)
        console.say(f"written: {out} ({out.stat().st_size / 1e6:.1f} MB)")
