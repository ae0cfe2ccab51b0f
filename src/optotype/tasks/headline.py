"""The report's first section, alike in every task: headline numbers as cards, protocol and n beneath them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from optotype.metrics.intervals import FEWEST_GROUPS
from optotype.results import Metric, Result
from optotype.views import Note, Number, Numbers, Section, View


def headline(result: Result, labels: Mapping[str, str], caption: str, more: Sequence[View] = ()) -> Section:
    """The section ``numbers``: a card a metric under its label, ``more`` views, and the warnings."""
    cards = [_card(labels.get(key, key), metric) for key, metric in result.metrics.items()]
    views: list[View] = [Numbers(cards, caption=f"{caption} {_brackets(result)}".rstrip()), *more]
    if result.warnings:
        views.append(Note(list(result.warnings), "caution", "Warnings"))
    return Section("numbers", "The numbers", views)


def _card(label: str, metric: Metric) -> Number:
    note = ""
    if metric.value is None:
        note = "does not exist here: see the warnings"
    elif metric.low is None:
        note = "no valid interval"
    unit: Any = metric.unit
    return Number(label, metric.value, metric.low, metric.high, unit, metric.better, note)


def _brackets(result: Result) -> str:
    """What the intervals are, where there are any."""
    intervals = result.protocol.get("intervals", {})
    if not intervals.get("resamples") or result.n.groups < FEWEST_GROUPS:
        return ""
    return (
        f"Brackets: 95 % intervals from {intervals['resamples']:,} bootstrap resamples of the {intervals['unit']}s "
        f"(seed {intervals['seed']})."
    )
