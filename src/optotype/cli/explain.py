"""``optotype explain``."""

from __future__ import annotations

from pathlib import Path


def explain(
    run: Path,
    /,
    *,
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

    Parameters
    ----------
    run
        Folder of a run or an evaluation.
    images
        Folder that holds the images, where the paths in data.csv do not lead to them.
    columns
        CSV path,<column>…: further properties of the items to look into, such as camera or temperature.
    device
        For the model: auto, cpu, cuda, cuda:1, mps …
    seed
        Of the permutations and of the t-SNE.
    max_mb
        Largest size of report.html, megabytes.
    """
    from optotype.cli import console
    from optotype.cli.show import show_causes
    from optotype.studies.explaining import explain as work

    result = work(
        run, images=images, columns=columns, device=device, seed=seed, max_mb=max_mb, say=console.say
    )  # fmt: skip
    show_causes(result, few=True)
    console.say(f"report: {run / 'report.html'}")
