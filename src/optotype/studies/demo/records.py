"""What a demo's folder remembers of its legs."""

from __future__ import annotations

from typing import Literal

import msgspec

DEMO_FILE = "demo.json"


class Finding(msgspec.Struct, frozen=True):
    """A declared fault with the sentence of the explanation that names it (empty: not found) and where that stands.

    ``across``: there, between two domains.
    """

    says: str
    told: str
    target: str
    across: bool = False


class LabelFinding(msgspec.Struct, frozen=True):
    """How many of the swapped labels are among the suspects; none where no labels were swapped."""

    planted: int = 0
    suspects: int = 0
    both: int = 0


class PlantedEvents(msgspec.Struct, frozen=True):
    """How often a fault was ``planted``, how many of those became ``events`` of its ``type``, how many of these are
    ``named`` by its ``cause``, and what the others are called.
    """

    model: str
    says: str
    type: str
    cause: str
    planted: int
    events: int
    named: int
    others: dict[str, int]


class LegRecord(msgspec.Struct, frozen=True):
    """One task of the tour.

    ``simulated`` and ``trained`` are folders below the demo's; ``trained`` is empty where no model was trained.
    ``undeclared`` are findings of the explanation that no declared fault accounts for; it ``sees`` what is said there.
    ``compared`` is the folder of a comparison with another model on the same input, ``planted`` what became of faults
    that were planted one by one, and ``unexplained`` the share of all events, by model, that have no cause. ``crossed``
    and ``trained_crossed`` are folders of what changes from one domain to another, for what is simulated and trained.
    """

    task: str
    items: int
    simulated: str
    findings: list[Finding]
    undeclared: list[str]
    sees: str
    labels: LabelFinding = LabelFinding()
    trained: str = ""
    compared: str = ""
    planted: list[PlantedEvents] = []
    unexplained: dict[str, float] = {}
    crossed: str = ""
    trained_crossed: str = ""


class DemoFile(msgspec.Struct, frozen=True):
    """The whole tour; ``pictures`` are frames of the world below the demo's folder with a line about each."""

    pictures: list[tuple[str, str]]
    legs: list[LegRecord]
    command: str
    format: Literal["optotype.demo/1"] = "optotype.demo/1"
