"""``optotype study``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def study(
    name: str,
    /,
    *,
    data: str | None = None,
    weights: str | None = None,
    preset: str | None = None,
    versus: str | None = None,
    ratios: Annotated[tuple[float, ...] | None, Parameter(consume_multiple=True)] = None,
    keep_split: Annotated[bool, Parameter(negative=())] = False,
    classes: str | None = None,
    seed: int = 0,
    only: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    set_: Annotated[list[str] | None, Parameter(name="--set", consume_multiple=True)] = None,
    tiny: Annotated[bool, Parameter(negative=())] = False,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    resume: Annotated[bool, Parameter(negative=())] = False,
    runs: Path = Path("runs"),
    max_unreadable: float = 0.01,
    max_mb: float = 20,
) -> None:
    """Train the runs of a study, judge and compare them, and write one report.

    Parameters
    ----------
    name
        A shipped study (wildlife, camvid, voc2007, idd) or a YAML file that declares one.
    data
        wildlife: photos in one folder per class, a CSV, or a catalogued name. camvid, voc2007, idd: the data set's
        folder.
    weights
        Of the pretrained runs: 'hub', 'none' or a file. Default: as the study says.
    preset
        wildlife: 'course' (the classic recipe) or 'tuned' (ours, one change a run, so that each effect can be
        attributed). camvid: '32' or '11' classes, or 'scratch' (three networks without pretraining). voc2007: 'course'
        (boundaries are background) or 'ignored'. Default: the first.
    versus
        camvid, voc2007, idd: another data set, on whose validation images every model is judged too and held against
        its own, such as Cityscapes/.
    ratios
        Shares of train, validation and test; two numbers leave the validation out of the training part. Label maps keep
        the data set's own split unless this is given.
    keep_split
        wildlife: keep the split that the folders or the CSV give; ratios then say what validation is taken from train.
    classes
        The class list: a file, or a shipped map such as 'wildlife'; of label maps the class file.
    seed
        Decides the split and every run.
    only
        Run only these of the study's runs.
    set_
        Settings for every run: --set epochs=3 size=128
    tiny
        A smoke test: one epoch on a few small images.
    dry_run
        Say what would be run, and stop.
    resume
        Go on with a study that was stopped; finished runs are kept.
    runs
        Folder that holds the study's folder.
    max_unreadable
        Unreadable images are left out; a greater share than this is an error.
    max_mb
        Largest size of report.html, megabytes.
    """
    import sys
    from shlex import join

    from optotype.cli import console
    from optotype.cli.progress import Progress
    from optotype.cli.show import show_comparison
    from optotype.studies.study import plan, run

    declared = plan(
        name, data=data, weights=weights, preset=preset, versus=versus, seed=seed, only=only, sets=set_ or [], tiny=tiny
    )  # fmt: skip
    for line in declared.lines():
        console.say(line)
    if dry_run:
        return
    with Progress() as progress:
        done = run(
            declared, ratios=ratios, keep_split=keep_split, classes=classes, resume=resume, runs=runs,
            max_unreadable=max_unreadable, max_mb=max_mb, progress=progress,
            command=join(["optotype", *sys.argv[1:]]),
        )  # fmt: skip
    if done.comparison is not None:
        show_comparison(done.comparison)
    console.say(f"report: {done.folder.report}")
