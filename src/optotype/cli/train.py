"""``optotype train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def train(
    task: Literal["classify", "segment"],
    /,
    *,
    data: str | None = None,
    model: str | None = None,
    config: Path | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    size: str | None = None,
    device: Literal["auto", "cpu", "cuda", "mps"] | None = None,
    seed: int | None = None,
    weights: str | None = None,
    budget: str | None = None,
    log: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    set_: Annotated[list[str] | None, Parameter(name="--set", consume_multiple=True)] = None,
    classes: str | None = None,
    name: str | None = None,
    runs: Path = Path("runs"),
    resume: Annotated[bool, Parameter(negative=())] = False,
    max_unreadable: float = 0.01,
    unknown: Literal["error", "void"] = "error",
    group: str | None = None,
    causes: bool = True,
    report: bool = True,
) -> None:
    """Train a model, judge it on the test split, and leave everything in one run folder with a report.

    Parameters
    ----------
    task
        What the model is to do.
    data
        Folder with one folder per class, manifest of 'optotype split', or a catalogued name such as 'digits'; segment:
        folder of images and label maps.
    model
        'small_cnn' or any timm model; segment: 'acuity', 'unet' and others.
    config
        YAML file of settings; options given here win over it.
    epochs
        Passes over the training items.
    batch_size
        Items per step, over all processes.
    lr
        Learning rate (the greatest one of a schedule).
    size
        Side of the square input, pixels; segment: also HEIGHTxWIDTH.
    device
        Where to train.
    seed
        Decides weights, order and augmentation.
    weights
        'none' (random), 'hub' (pretrained, downloaded) or a file (.safetensors, .pt, .pth).
    budget
        Stop after this time with the best model so far: 90s, 15m, 2h.
    log
        Loggers besides the run folder: wandb, tensorboard, mlflow.
    set_
        Any setting of config.yaml: --set augment.flip=0.5 schedule=cosine
    classes
        The class list: a file, or a shipped map such as 'wildlife'.
    name
        Name of the run's folder; default: the model's name.
    runs
        Folder that holds the runs.
    resume
        Go on with the run of that name, to the same bits as if it had never stopped.
    max_unreadable
        Unreadable images are left out; a greater share than this is an error.
    unknown
        segment: what values in label maps that the class list does not know are.
    group
        What stays in one split, and what intervals are over: a column, a regular expression on the name; segment: also
        'image' or 'blocks:N' (N consecutive frames), by default the sequences that names tell.
    causes
        Explain the mistakes: what goes with them, the feature space, centroid distances, heat maps.
    report
        Draw report.html.
    """
    import sys
    from shlex import join

    from optotype.cli import console
    from optotype.cli.progress import Progress
    from optotype.cli.show import show_causes, show_result
    from optotype.studies.training import train as run

    flags = {
        "data": data, "model": model, "epochs": epochs, "batch_size": batch_size, "lr": lr, "size": size,
        "device": device, "seed": seed, "weights": weights, "log": log,
        "budget": None if budget is None else console.seconds(budget, "--budget"),
    }  # fmt: skip
    with Progress() as progress:
        folder, result = run(
            task,
            flags={key: value for key, value in flags.items() if value is not None},
            config=config,
            sets=set_ or [],
            classes=classes,
            name=name,
            runs=runs,
            resume=resume,
            max_unreadable=max_unreadable,
            unknown=unknown,
            group=group,
            causes=causes,
            report=report,
            progress=progress,
            command=join(["optotype", *sys.argv[1:]]),
        )
    if result is not None:
        show_result(result)
        show_causes(result)
        console.say(f"run folder: {folder.path}" + (f"; report: {folder.report}" if report else ""))
