"""``optotype predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def predict(
    task: Literal["classify"],
    run: Path,
    data: str,
    /,
    *,
    out: Path,
    split: str | None = None,
    batch_size: int = 64,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> None:
    """Write what a trained model says about images, for 'optotype evaluate' or anyone else.

    Parameters
    ----------
    task
        What the model does.
    run
        Folder of a training run.
    data
        Folder of images (with or without class folders), CSV with a column 'path', or a catalogued name.
    out
        New .npz or .csv file.
    split
        Only this split: train, val or test.
    batch_size
        Images per step; moves the scores by rounding at most.
    device
        Where to compute.
    """
    from optotype.cli import console
    from optotype.studies.training import predict as work

    n = work(task, run, data, out=out, split=split, batch_size=batch_size, device=device)
    console.say(f"written: {out} ({n:,} items)")
