"""Reports of folders: as one offline file, as text, or as the numbers."""

from __future__ import annotations

from pathlib import Path

from optotype.errors import InputError
from optotype.report import html, text
from optotype.runs import RunFolder
from optotype.studies.crossing_records import CROSSING_FILE
from optotype.studies.declared import STUDY_FILE
from optotype.studies.pages import page
from optotype.studies.paired import COMPARISON_FILE
from optotype.studies.sweep_records import SWEEP_FILE


def write_report(folder: RunFolder, *, max_mb: float = 20) -> None:
    """Draw ``report.html`` of a run, evaluation, comparison, study or sweep from what its folder holds."""
    html.write(page(folder), folder.report, max_mb=max_mb)


def render(path: Path, *, format: str, max_mb: float = 20) -> str:  # noqa: A002 — the option's name
    """A folder's report as text: html, md, tex, or the numbers as json."""
    folder = RunFolder(path)
    if format == "json":
        numbers = [folder.eval, path / COMPARISON_FILE, path / CROSSING_FILE, path / STUDY_FILE, path / SWEEP_FILE]
        for file in numbers:
            if file.is_file():
                return file.read_text(encoding="utf-8")
        raise InputError(str(path), "a folder with eval.json or compare.json", "neither", "Evaluate first.")
    whole = page(folder)
    if format == "md":
        return text.markdown(whole)
    if format == "tex":
        return text.latex(whole)
    return html.render(whole, max_mb=max_mb)
