"""The only place where the tasks differ: ``TASKS`` names the package of each, ``task_of`` gives what it offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from optotype.errors import InputError, did_you_mean
from optotype.evidence import Evidence
from optotype.results import Result
from optotype.tasks.measured import Measured
from optotype.tasks.reading import Asked, Read
from optotype.views import Section, Sentence


@dataclass(frozen=True)
class Task:
    """What every task offers, under these names in its package.

    ``read(asked)`` gives the tables of both sides; ``digest(truth)`` their hash; ``keep(path, truth)`` writes what
    later commands need to know of the items; ``match(truth, prediction, …)`` makes evidence;
    ``measure(evidence, prediction, …)`` all numbers of it; ``resample(evidence, …)`` the bootstrap samples behind
    them; ``verdict(result, evidence)`` and ``sections(result, evidence, picture)`` what the report shows.
    """

    read: Callable[[Asked], Read]
    digest: Callable[[Any], str]
    keep: Callable[[Path, Any], None]
    match: Callable[..., Evidence]
    measure: Callable[..., Measured]
    resample: Callable[..., Any]
    verdict: Callable[[Result, Evidence], list[Sentence]]
    sections: Callable[..., list[Section]]


TASKS = {
    "classify": "optotype.tasks.classify",
    "detect": "optotype.tasks.detect",
    "track": "optotype.tasks.track",
    "segment": "optotype.tasks.segment",
}


@cache
def task_of(name: str) -> Task:
    """What a task offers; its package, with its kernels, is loaded only now.

    >>> task_of("classify").match.__name__
    'match'
    """
    if name not in TASKS:
        raise InputError("task", f"one of {', '.join(TASKS)}", repr(name), did_you_mean(name, TASKS))
    package = import_module(TASKS[name])
    return Task(**{field.name: getattr(package, field.name) for field in fields(Task)})
