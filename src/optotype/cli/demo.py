"""``optotype demo``."""

from __future__ import annotations

from pathlib import Path


def demo(*, out: Path = Path("demo"), seed: int = 0, train: bool | None = None, max_mb: float = 20) -> None:
    """The tour: models with declared faults on the embedded street, examined and explained in one report.

    Needs no data and no network. With the core install simulated models are examined, one a task, whose faults are
    declared, so that you see whether the explanation finds them; with the extra 'train' three small classifiers and a
    small segmentation network are trained too.

    Parameters
    ----------
    out
        New folder for the images, the runs and report.html.
    seed
        Another seed, another city and other mistakes.
    train
        Train the models too. Default: where the extra 'train' is installed.
    max_mb
        Largest size of report.html, megabytes.
    """
    import sys
    from shlex import join

    from rich.text import Text

    from optotype.cli import console
    from optotype.cli.progress import Progress
    from optotype.studies.demo.tour import tour

    with Progress() as progress:
        kept = tour(
            out, seed=seed, train=train, max_mb=max_mb, progress=progress, command=join(["optotype", *sys.argv[1:]])
        )
    for leg in kept.legs:
        for finding in leg.findings:
            console.out.print(Text(f"{leg.task}, declared: {finding.says}"))
            console.out.print(Text(f"  {'found: ' + finding.told if finding.told else 'not found'}"))
        if (labels := leg.labels).planted:
            console.out.print(Text(f"{leg.task}, declared: {labels.planted} labels of the truth are swapped."))
            console.out.print(Text(f"  found: {labels.both} of them among {labels.suspects} suspects"))
    console.say(f"report: {out / 'report.html'}")
