"""``optotype evaluate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def evaluate(
    task: Literal["classify"],
    truth: str,
    predictions: Path,
    /,
    *,
    out: Path,
    split: str | None = None,
    classes: str | None = None,
    images: Path | None = None,
    columns: Path | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
    causes: bool = True,
    report: bool = True,
    max_mb: float = 20,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Measure predictions against the truth: every number with its 95 % interval, and a report of the failures.

    Parameters
    ----------
    task
        What the model does.
    truth
        Folder with one folder per class, CSV (path,label[,split][,group]), or a catalogued name such as 'digits'.
    predictions
        CSV (path,label or path,<one column per class>) or .npz (path, classes, and label or scores or both).
    out
        New folder for eval.json, evidence.npz and report.html.
    split
        Judge only this split of the truth: train, val or test.
    classes
        The class list: a file, or a shipped map such as 'wildlife'. Default: the classes found in the truth.
    images
        Folder that holds the images, where the truth's paths do not lead to them.
    columns
        CSV path,<column>…: further properties of the items to look into, such as camera or temperature.
    bootstrap
        Resamples for the intervals; 0 leaves the intervals out.
    seed
        Seed of the resamples and permutations.
    causes
        Look for what goes with the mistakes: size, sharpness, brightness … of the images, and columns of the truth.
    report
        Draw report.html.
    max_mb
        Largest size of report.html, megabytes.
    json
        Print eval.json on stdout and nothing else there.
    """
    import shlex

    from optotype import results
    from optotype.cli import console
    from optotype.cli.show import show_causes, show_result
    from optotype.studies.evaluation import evaluate as run

    result = run(
        task, truth, predictions, out=out, split=split, classes=classes, images=images, columns=columns,
        resamples=bootstrap, seed=seed, causes=causes, report=report, max_mb=max_mb, say=console.say,
        command=shlex.join(["optotype", *sys.argv[1:]]),
    )  # fmt: skip
    if json:
        sys.stdout.write(results.encode(result).decode())
        console.warn(result.warnings)
    else:
        show_result(result)
        show_causes(result)
        console.say(f"written: {out / 'eval.json'}" + (f", {out / 'report.html'}" if report else ""))
