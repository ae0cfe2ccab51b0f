"""``optotype explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def explain(
    run: Path,
    /,
    *,
    versus: Path | None = None,
    map_classes: str | None = None,
    names: Annotated[tuple[str, ...] | None, Parameter(consume_multiple=True)] = None,
    bootstrap: int = 1000,
    out: Path | None = None,
    images: Path | None = None,
    columns: Path | None = None,
    device: str = "auto",
    seed: int = 0,
    max_mb: float = 20,
) -> None:
    """Why a model fails: what goes with its mistakes, what it looks at, what each mistake lies near.

    'evaluate', 'train' and 'study' do this already; call it to add images or columns later, or after --no-causes. The
    numbers in eval.json stay as they are, its 'causes' are replaced. A run that holds a trained model also gets
    its feature space, centroid distances and heat maps.

    With --versus: what the same model does differently on another data set. Both are segmentations; classes are joined
    by name or by --map-classes, and each folder stays as it is.

    Parameters
    ----------
    run
        Folder of a run or an evaluation.
    versus
        Folder of the same model's evaluation on another data set.
    map_classes
        With --versus: which class is which, a CSV name,class, a YAML or JSON file, or idd, cityscapes, camvid or
        street18 (the three together).
    names
        With --versus: what the two data sets are called; default: the folders' names.
    bootstrap
        With --versus: resamples for the intervals.
    out
        With --versus: new folder for crossing.json and report.html.
    images
        Folder that holds the images, where the paths in data.csv do not lead to them.
    columns
        CSV path,<column>…: further properties of the items to look into, such as camera or temperature.
    device
        For the model: auto, cpu, cuda, cuda:1, mps …
    seed
        Of the permutations, of the t-SNE and of the resamples.
    max_mb
        Largest size of report.html, megabytes.
    """
    import sys
    from shlex import join

    from optotype.cli import console
    from optotype.errors import InputError

    if (versus is None) != (out is None):
        raise InputError("explain", "--versus and --out together", "only one of them", "Add the other.")
    if versus is not None and out is not None:
        if images is not None or columns is not None:
            raise InputError("explain", "--images and --columns without --versus", "both", "Explain each folder alone.")
        from optotype.cli.show_crossing import show_crossing
        from optotype.studies.crossing import versus as hold

        found = hold(
            run, versus, out=out, map_classes=map_classes, names=names, resamples=bootstrap, seed=seed, max_mb=max_mb,
            command=join(["optotype", *sys.argv[1:]]),
        )  # fmt: skip
        show_crossing(found)
        console.say(f"written: {out / 'crossing.json'}, {out / 'report.html'}")
        return
    if map_classes is not None or names is not None:
        raise InputError("explain", "--map-classes and --names with --versus", "no --versus", "Add it or drop them.")
    from optotype.cli.show import show_causes
    from optotype.studies.explaining import explain as work

    result = work(
        run, images=images, columns=columns, device=device, seed=seed, max_mb=max_mb, say=console.say
    )  # fmt: skip
    show_causes(result, few=True)
    console.say(f"report: {run / 'report.html'}")
