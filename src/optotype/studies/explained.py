"""What the report says of the explanation that a folder holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from optotype.diagnose import causes, space
from optotype.diagnose.space.records import load as load_space
from optotype.evidence import Evidence
from optotype.metrics.intervals import FEWEST_GROUPS
from optotype.results import Result
from optotype.runs import RunFolder
from optotype.studies.judging import Judged
from optotype.views import Picture, Reading, Section, Sentence

HEAT_INDEX = "heat.json"


def causes_of(result: Result) -> causes.Causes | None:
    """The causes in a result, None where nobody looked for them."""
    return msgspec.convert(result.causes, causes.Causes) if result.causes else None


def woven(verdict: list[Sentence], folder: RunFolder, judged: Judged) -> list[Sentence]:
    """The task's verdict with the explanation in it: how good first, then what the mistakes go with, then the rest.

    With too few groups nothing can be shown to go with them, and the task's own words already say that they are few.
    """
    found = causes_of(judged.result) if judged.result.n.groups >= FEWEST_GROUPS else None
    told = causes.sentences(found) if found else []
    return (
        verdict[:1] + told + verdict[1:] + (space.sentences(load_space(folder.space)) if folder.space.is_file() else [])
    )


def sections(folder: RunFolder, judged: Judged, picture: Callable[[str], Picture | None]) -> list[Section]:
    """What mistakes go with, each mistake laid open, and the feature space, as far as the folder knows."""
    found = causes_of(judged.result)
    shown = causes.sections(found) if found else []
    if folder.space.is_file():
        record = load_space(folder.space)
        shown += space.sections(record, picture, readings(judged.evidence), heat(folder))
    return shown


def readings(evidence: Evidence) -> Callable[[str], Sequence[Reading]]:
    """Item key → its conditions against its class."""

    def of(key: str) -> Sequence[Reading]:
        row = int(np.searchsorted(evidence.keys, key))
        return causes.readings(evidence, row) if row < len(evidence) and evidence.keys[row] == key else ()

    return of


def heat(folder: RunFolder) -> Callable[[str], Picture | None]:
    """Item key → the heat map of its mistake."""
    index = folder.heat / HEAT_INDEX
    names: dict[str, str] = msgspec.json.decode(index.read_bytes()) if index.is_file() else {}
    return lambda key: Picture(str(folder.heat / names[key]), 64) if key in names else None
