"""The only place where the tasks differ: ``TASKS`` maps a task to a record of what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optotype.evidence import Evidence
from optotype.results import Result
from optotype.tasks import classify
from optotype.views import Section, Sentence


@dataclass(frozen=True)
class Task:
    """What every task offers.

    ``match(truth, prediction)`` makes evidence; ``measure(evidence, prediction, …)`` all numbers of it;
    ``resample(evidence, …)`` the bootstrap samples behind them; ``verdict(result, evidence)`` and
    ``sections(result, evidence, picture)`` what the report shows.
    """

    match: Callable[[Any, Any], Evidence]
    measure: Callable[..., classify.Measured]
    resample: Callable[..., classify.Samples]
    verdict: Callable[[Result, Evidence], list[Sentence]]
    sections: Callable[..., list[Section]]


TASKS: dict[str, Task] = {
    "classify": Task(classify.match, classify.measure, classify.resample, classify.verdict, classify.sections),
}
