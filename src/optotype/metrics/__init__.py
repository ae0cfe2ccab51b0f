"""Metrics: pure functions of counts. ``METRICS`` is all of them; a new one is a function and a line here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from optotype.metrics import ratios
from optotype.results import Better
from optotype.tables import Array, Floats


@dataclass(frozen=True)
class Measure:
    """One metric: what it is called and the ratio that computes it.

    The names of the function's parameters are the totals that it needs. ``interval`` is ``percentile`` where the
    percentile bootstrap is valid, ``gaps`` for the calibration error (see ``metrics.calibration.gap_interval``).
    """

    key: str
    label: str
    function: Callable[..., Floats]
    unit: str = "ratio"
    better: Better = "higher"
    interval: Literal["percentile", "gaps"] = "percentile"
    task: str = "classify"

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the totals it is computed from."""
        return _parameters(self.function)

    def __call__(self, totals: Mapping[str, Array]) -> Floats:
        """The value for totals that hold all it needs; NaN where it does not exist."""
        return self.function(**{name: totals[name] for name in self.needs})


METRICS: tuple[Measure, ...] = (
    Measure("accuracy", "Accuracy", ratios.accuracy),
    Measure("balanced_accuracy", "Balanced accuracy", ratios.balanced_accuracy),
    Measure("f1_macro", "F1, macro", ratios.f1_macro),
    Measure("f1_micro", "F1, micro", ratios.f1_micro),
    Measure("f1_weighted", "F1, weighted", ratios.f1_weighted),
    Measure("precision_macro", "Precision, macro", ratios.precision_macro),
    Measure("recall_macro", "Recall, macro", ratios.recall_macro),
    Measure("top5", "Top-5 accuracy", ratios.top5_accuracy),
    Measure("nll", "Negative log-likelihood", ratios.mean_nll, "nats", "lower"),
    Measure("brier", "Brier score", ratios.mean_brier, "plain", "lower"),
    Measure("ece", "Calibration error (ECE)", ratios.calibration_error, "ratio", "lower", "gaps"),
)

CLASS_METRICS: tuple[Measure, ...] = (
    Measure("precision", "Precision", ratios.precision_per_class),
    Measure("recall", "Recall", ratios.recall_per_class),
    Measure("f1", "F1", ratios.f1_per_class),
)


def of_task(task: str) -> tuple[Measure, ...]:
    """The headline metrics of a task, in the order of ``eval.json``."""
    return tuple(measure for measure in METRICS if measure.task == task)


def compute(totals: Mapping[str, Array], measures: Iterable[Measure]) -> dict[str, Floats]:
    """Values by key of the metrics whose totals are all there; the others are left out."""
    return {measure.key: measure(totals) for measure in measures if set(measure.needs) <= totals.keys()}


@cache
def _parameters(function: Callable[..., Floats]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)
