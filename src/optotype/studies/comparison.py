"""Comparing run or evaluation folders of the same items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optotype.diagnose.compare import Comparison, gates
from optotype.errors import InputError
from optotype.runs import RunFolder, create
from optotype.studies.evaluation import evaluate, new_folder
from optotype.studies.paired import compare_folders, save
from optotype.studies.reports import write_report


@dataclass(frozen=True)
class Compared:
    """What a comparison found, and the gates of ``--fail-if`` that are closed."""

    comparison: Comparison
    closed: list[str]


def compare(
    folders: Sequence[str | Path],
    *,
    out: str | Path | None = None,
    names: Sequence[str] | None = None,
    fail_if: Sequence[str] = (),
    resamples: int = 1000,
    seed: int = 0,
    max_mb: float = 20,
) -> Compared:
    """Compare two or more evaluated folders; the first is what the others are held against.

    Writes ``compare.json`` and ``report.html`` into ``out`` where given. Raises InputError where the folders were
    judged on different items, truth or protocols.
    """
    if len(folders) < 2:
        raise InputError("compare", "two or more folders", str(len(folders)), "Name a second run or evaluation.")
    target = None if out is None else new_folder(Path(out))
    runs = [RunFolder(Path(folder)) for folder in folders]
    titles = names_of(runs, names)
    comparison = compare_folders(runs, titles, resamples=resamples, seed=seed)
    closed = gates(comparison, list(fail_if))
    if target is not None:
        save(target, comparison, runs)
        write_report(target, max_mb=max_mb)
    return Compared(comparison, closed)


def compare_files(
    task: str,
    truth: str | Path,
    predictions: Sequence[str | Path],
    *,
    out: str | Path,
    names: Sequence[str] | None = None,
    fail_if: Sequence[str] = (),
    resamples: int = 1000,
    seed: int = 0,
    max_mb: float = 20,
    images: str | Path | None = None,
    **options: Any,
) -> Compared:
    """Judge prediction files against one truth, each into its own folder of ``out``, and compare those.

    ``images`` and further ``options`` are those of ``evaluate``.
    """
    target = new_folder(Path(out))
    titles = _titles(names, [Path(file).stem for file in predictions])
    for title, file in zip(titles, predictions, strict=True):
        folder = create(target.path, title)
        evaluate(
            task, truth, file, out=folder.path, images=images, resamples=resamples, seed=seed, report=False, **options
        )
    return compare(
        [target.path / title for title in titles], out=target.path / "comparison", names=titles, fail_if=fail_if,
        resamples=resamples, seed=seed, max_mb=max_mb,
    )  # fmt: skip


def _titles(given: Sequence[str] | None, usual: list[str]) -> list[str]:
    """The names given, else the usual ones; one each and all different."""
    titles = list(given) if given else usual
    if len(titles) != len(usual) or len(set(titles)) < len(titles):
        raise InputError("--names", f"{len(usual)} different names", repr(titles), "Give each its own name.")
    return titles


def names_of(runs: Sequence[RunFolder], given: Sequence[str] | None) -> list[str]:
    """The names given, one each and all different; else the folders' own, with their parents' or numbers where two are
    called alike.
    """
    return _titles(given, _names(runs))


def _names(runs: Sequence[RunFolder]) -> list[str]:
    paths = [run.path.resolve() for run in runs]
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        names = [f"{path.parent.name}/{path.name}" for path in paths]
    return [name if names.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(names)]
