"""What a trained model says about anybody's images."""

from __future__ import annotations

from pathlib import Path

from optotype.catalog import resolve
from optotype.errors import InputError, require
from optotype.files import write_atomic
from optotype.studies.saying import Say, quiet

CLASSES = "classes.txt"
"""Names of the classes, a line each, in the order of the numbers in the label maps."""

EVERY = 50
"""Images between two lines of progress."""


def predict(
    task: str,
    model: str | Path,
    data: str | Path,
    *,
    out: str | Path,
    split: str | None = None,
    classes: str | Path | None = None,
    size: tuple[int, int] | None = None,
    batch_size: int | None = None,
    device: str = "auto",
    say: Say = quiet,
) -> int:
    """Write what a model says about ``data`` to ``out``; returns the number of items.

    ``classify``: the folder of a run, and a new .npz or .csv. ``segment``: see ``predict_maps``.
    """
    if task == "segment":
        return predict_maps(
            model, data, out=out, split=split, classes=classes, size=size, batch_size=batch_size or 8, device=device,
            say=say,
        )  # fmt: skip
    if classes is not None or size is not None:
        raise InputError("predict", "--classes and --size with the task 'segment'", repr(task), "Leave them out.")
    from optotype.studies.training import predict as classify

    return classify(task, model, data, out=out, split=split, batch_size=batch_size or 64, device=device)


def predict_maps(
    model: str | Path,
    data: str | Path,
    *,
    out: str | Path,
    split: str | None = None,
    classes: str | Path | None = None,
    size: tuple[int, int] | None = None,
    batch_size: int = 8,
    device: str = "auto",
    say: Say = quiet,
) -> int:
    """Write what a network says of each image to ``out/KEY.png``, at the image's own size; returns how many.

    Beside them ``classes.txt`` names the classes, so that 'evaluate' finds those of a truth in another order.
    ``model`` is the folder of a run, an ONNX file or a checkpoint of DeepLabV3Plus-Pytorch; for files ``classes`` names
    the outputs and ``size`` (height, width) is what images are squeezed to. ``out`` must be new or empty.
    """
    require("optotype predict", "train", "torch")
    from optotype.inference.segment import items_of, open_model, segment

    place = Path(out)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise InputError(str(place), "a new or empty folder", "one that holds something", "Choose another --out.")
    items = items_of(resolve(str(data)), split)
    found = open_model(Path(model), items, classes=classes, size=size, device=device)
    place.mkdir(parents=True, exist_ok=True)
    said = [0]

    def tell(done: int) -> None:
        if done // EVERY > said[0] // EVERY:
            say(f"{done:,} of {len(items):,} images")
        said[0] = done

    write_atomic(place / CLASSES, "".join(f"{name}\n" for name in found.loaded.classes).encode())
    segment(found, items, place, batch_size=batch_size, said=tell)
    return len(items)
