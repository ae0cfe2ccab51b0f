"""An eye exam for vision models: train them, measure them exactly, and find out why they fail.

The public names are loaded when they are first used, so that importing the package costs nothing and measuring never
pulls in torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optotype import version

if TYPE_CHECKING:
    from optotype.data.check import check
    from optotype.data.split import split
    from optotype.errors import InputError, OptotypeError
    from optotype.formats import read_labels as read
    from optotype.results import Result
    from optotype.studies.comparison import compare
    from optotype.studies.describing import describe
    from optotype.studies.evaluation import evaluate
    from optotype.studies.evaluator import Evaluator
    from optotype.studies.explaining import explain
    from optotype.studies.predicting import predict
    from optotype.studies.tracking import track
    from optotype.studies.training import train

__version__ = version.VERSION

__all__ = [
    "Evaluator",
    "InputError",
    "OptotypeError",
    "Result",
    "__version__",
    "check",
    "compare",
    "describe",
    "evaluate",
    "explain",
    "predict",
    "read",
    "split",
    "track",
    "train",
]

_HOME = {
    "Evaluator": ("optotype.studies.evaluator", "Evaluator"),
    "InputError": ("optotype.errors", "InputError"),
    "OptotypeError": ("optotype.errors", "OptotypeError"),
    "Result": ("optotype.results", "Result"),
    "check": ("optotype.data.check", "check"),
    "compare": ("optotype.studies.comparison", "compare"),
    "describe": ("optotype.studies.describing", "describe"),
    "evaluate": ("optotype.studies.evaluation", "evaluate"),
    "explain": ("optotype.studies.explaining", "explain"),
    "predict": ("optotype.studies.predicting", "predict"),
    "read": ("optotype.formats", "read_labels"),
    "split": ("optotype.data.split", "split"),
    "track": ("optotype.studies.tracking", "track"),
    "train": ("optotype.studies.training", "train"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'optotype' has no attribute '{name}'")
    from importlib import import_module

    module, attribute = _HOME[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return __all__
