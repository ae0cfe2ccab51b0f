"""``optotype compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter


def compare(
    folders: list[Path],
    /,
    *,
    out: Path | None = None,
    task: Literal["classify", "segment", "detect", "track"] | None = None,
    truth: str | None = None,
    images: Path | None = None,
    map_categories: str | None = None,
    protocol: str | None = None,
    split: str | None = None,
    classes: str | None = None,
    void: Literal["truth-dropped", "both-dropped", "as-fp", "as-class", "as-background"] | None = None,
    unknown: Literal["error", "void"] | None = None,
    map_classes: str | None = None,
    group: str | None = None,
    names: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    fail_if: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    bootstrap: int = 1000,
    seed: int = 0,
    max_mb: float = 20,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Which of two or more models is better, what each fixes and breaks, and can the difference be shown?

    Parameters
    ----------
    folders
        Two or more run or evaluation folders, judged on the same items; the first is the one the others are held
        against.
    out
        New folder for compare.json and report.html (with --truth: its subfolder 'comparison', beside one folder per
        model).
    task
        With --truth: the folders are prediction files of this task, to be judged first.
    truth
        The truth that the prediction files are judged against.
    images
        With --truth: folder that holds the images.
    map_categories
        With --task detect: which category of the detections is which of the truth; see 'optotype evaluate'.
    protocol
        With --truth: the convention of the numbers: coco (detect), plain, mot15, mot16, mot17 or mot20 (track).
    split
        With --task classify or segment: judge only this split of the truth.
    classes
        With --task classify, segment or track: the class list; see 'optotype evaluate'.
    void
        With --task segment: what becomes of void pixels; see 'optotype evaluate'.
    unknown
        With --task segment: colours or values that no class has are an error, or void.
    map_classes
        With --task segment: names to judge under other names; see 'optotype evaluate'.
    group
        With --task segment: what is not independent: sequence, image, blocks:N, a column or a regular expression.
    names
        One name per folder; default: the folders' own.
    fail_if
        Exit with 3 where this holds of any later folder minus the first, such as 'accuracy < -0.005'.
    bootstrap
        Resamples for the paired intervals.
    seed
        Seed of the resamples.
    max_mb
        Largest size of report.html, megabytes.
    json
        Print the comparison on stdout and nothing else there.
    """
    import sys

    from optotype.cli import console
    from optotype.cli.show import show_comparison
    from optotype.diagnose.compare import encode
    from optotype.errors import InputError
    from optotype.studies.comparison import compare as run
    from optotype.studies.comparison import compare_files

    if (task is None) != (truth is None) or (truth is not None and out is None):
        raise InputError("compare", "--task, --truth and --out together", "only some of them", "Add the others.")
    options: dict[str, Any] = {
        "images": images, "map_categories": map_categories, "protocol": protocol, "split": split, "classes": classes,
        "void": void, "unknown": unknown, "map_classes": map_classes, "group": group,
    }  # fmt: skip
    if truth is None and (given := [name for name, value in options.items() if value is not None]):
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise InputError("compare", f"{flags} with --truth", "no --truth", "Add it or drop them.")
    common: dict[str, Any] = {
        "names": names,
        "fail_if": fail_if or (),
        "resamples": bootstrap,
        "seed": seed,
        "max_mb": max_mb,
    }
    if task is not None and truth is not None and out is not None:
        found = compare_files(task, truth, folders, out=out, **options, **common)
        out = out / "comparison"
    else:
        found = run(folders, out=out, **common)
    if json:
        sys.stdout.write(encode(found.comparison).decode())
    else:
        show_comparison(found.comparison)
        if out is not None:
            console.say(f"written: {out / 'report.html'}")
    for gate in found.closed:
        console.say(f"gate closed: {gate}")
    return 3 if found.closed else 0
