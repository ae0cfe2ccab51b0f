"""Loading the model that a run left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from optotype.errors import InputError
from optotype.nn import checkpoints
from optotype.nn.hardware import Hardware, choose
from optotype.nn.models import Model, create
from optotype.runs import RunFolder


@dataclass(frozen=True)
class Loaded:
    """A trained model on its device, in eval mode; ``classes`` name its outputs, ``epoch`` is that of its
    weights.
    """

    model: Model
    classes: tuple[str, ...]
    task: str
    epoch: int
    hardware: Hardware


def load_run(folder: RunFolder, *, device: str = "auto", threads: int = 0) -> Loaded:
    """The best model of a run; the architecture is built anew and only numbers are read from the file.

    Raises InputError where the folder holds no finished epoch, or the file is damaged.
    """
    path = folder.checkpoints / "best.pt"
    if not path.is_file():
        raise InputError(
            str(folder.path),
            "the folder of a run with a trained model",
            "no checkpoints/best.pt",
            "Train it first.",
        )
    state = checkpoints.load(path)
    hardware = choose(device, "float32", threads=threads)
    return of_state(state, hardware, where=str(path))


def of_state(state: Mapping[str, Any], hardware: Hardware, *, where: str) -> Loaded:
    """The model in a checkpoint's content; ``where`` is named when it does not fit."""
    meta = state["meta"]
    size = meta["size"] if isinstance(meta["size"], int) else tuple(meta["size"])
    model = create(meta["name"], len(meta["classes"]), size, task=meta["task"])
    try:
        model.module.load_state_dict(state["model"])
    except RuntimeError as error:
        raise InputError(
            where, f"the weights of {meta['name']}", str(error).splitlines()[-1].strip(),
            "Use the versions of timm and Optotype that it was trained with (env.json).",
        ) from None  # fmt: skip
    mean, std = (tuple(float(v) for v in meta[key]) for key in ("mean", "std"))
    assert len(mean) == len(std) == 3, "three channels"
    model = replace(model, mean=mean, std=std, weights=meta["weights"])
    hardware.place(model.module)
    model.module.eval()
    return Loaded(model, tuple(meta["classes"]), meta["task"], int(state.get("epoch", 0)), hardware)
