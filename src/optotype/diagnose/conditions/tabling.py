"""Conditions as a table of the evidence, and back."""

from __future__ import annotations

import numpy as np

from optotype.diagnose.conditions.columns import PREFIX
from optotype.diagnose.conditions.measuring import Conditions
from optotype.diagnose.conditions.registry import CONDITIONS, FLAGS
from optotype.evidence import Evidence, Rows
from optotype.tables import Array, Items

TABLE = "conditions"


def table(conditions: Conditions) -> Rows:
    """One row an object: float64 columns of the numbers, text columns of the categories, under their keys."""
    columns: dict[str, Array] = {**conditions.values, **conditions.categorical}
    return Rows(conditions.item, columns)


def of_table(rows: Rows, task: str) -> Conditions:
    """The way back; conditions of the task that the table lacks are ‘skipped’ with the flag that they need."""
    values = {key: column for key, column in rows.columns.items() if column.dtype.kind != "U"}
    texts = {key: column for key, column in rows.columns.items() if column.dtype.kind == "U"}
    skipped = [(c.key, FLAGS[c.needs]) for c in CONDITIONS if task in c.tasks and c.key not in values]
    return Conditions(rows.item, values, texts, skipped)


def attach(evidence: Evidence, items: Items, conditions: Conditions) -> Evidence:
    """The evidence with the table ``conditions``; ``items`` are those that were measured, in any order.

    Every item of the evidence must be among them; further items are left out.
    """
    order = np.argsort(items.key, kind="stable")
    place = np.searchsorted(evidence.keys, items.key)
    inside = place < len(evidence)
    inside[inside] = evidence.keys[place[inside]] == items.key[inside]
    assert int(inside.sum()) == len(evidence), "every item of the evidence is measured"
    rank = np.empty(len(items), np.intp)
    rank[order] = np.arange(len(items))
    rows = np.argsort(rank[conditions.item], kind="stable")
    rows = rows[inside[conditions.item[rows]]]
    columns: dict[str, Array] = {**conditions.values, **conditions.categorical}
    item = place[conditions.item[rows]].astype(np.int32)
    tables = dict(evidence.tables) | {TABLE: Rows(item, {key: column[rows] for key, column in columns.items()})}
    return Evidence(evidence.task, evidence.classes, evidence.keys, evidence.groups, tables)


def name(key: str) -> str:
    """What a reader calls a condition.

    >>> name("quality"), name("column:site")
    ('JPEG quality', 'site')
    """
    labels = {condition.key: condition.label for condition in CONDITIONS}
    return key.removeprefix(PREFIX) if key.startswith(PREFIX) else labels.get(key, key)
