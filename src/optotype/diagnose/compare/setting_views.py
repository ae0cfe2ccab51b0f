"""Settings, each with its runs of several seeds, held against each other in sentences and a table."""

from __future__ import annotations

from collections.abc import Sequence

from optotype.diagnose.compare.records import Comparison, Setting, SettingPair
from optotype.tasks.wording import percent, quoted
from optotype.views import Cell, Column, Sentence, Table


def setting_sentence(comparison: Comparison, pair: SettingPair, key: str, noun: str, items: str) -> Sentence:
    """Whether the second setting is better in the number ``key``, a share called ``noun``, over ``items``.

    Better or worse needs both: an interval of the mean difference without 0, and no two runs that overlap.
    """
    first, second = comparison.settings[pair.a], comparison.settings[pair.b]
    difference = pair.metrics[key]
    who = f"{_called(second)} against {_called(first)}"
    if difference.value is None:
        return Sentence(f"{who}: no {noun} to compare.", "caution", "settings")
    means = f"{_mean_and_range(second, key)} against {_mean_and_range(first, key)}"
    if difference.shown and pair.apart:
        better = difference.value > 0
        text = (
            f"{_called(second)} is {'better' if better else 'worse'} than {_called(first)} by "
            f"{_points(abs(difference.value))} points of {noun} on average ({means}): the interval over the "
            f"{items} leaves out 0 and no two runs of the two overlap."
        )
        return Sentence(text, "good" if better else "bad", "settings")
    why = "the runs of different seeds overlap" if difference.shown else f"the interval over the {items} holds 0"
    if difference.low is None:
        why = f"there is no valid interval over the {items}"
    text = f"No difference in {noun} can be shown for {who} ({means}): {why}."
    return Sentence(text, "neutral", "settings")


def settings_table(comparison: Comparison, labels: Sequence[tuple[str, str]]) -> Table:
    """Every setting's numbers over its runs; ``labels`` are keys and what they are called."""
    known = [(key, label) for key, label in labels if all(key in s.metrics for s in comparison.settings)]
    columns = [Column("setting"), Column("runs", "integer"), *(Column(label, "text") for _, label in known)]
    rows: list[list[Cell]] = []
    for setting in comparison.settings:
        spreads = (setting.metrics[key] for key, _ in known)
        texts = (f"{s.mean:.3f}" + ("" if s.deviation is None else f" ± {s.deviation:.3f}") for s in spreads)
        rows.append([setting.runs[0], len(setting.runs), *texts])
    caption = "Runs that differ only in the seed are one setting: mean ± standard deviation over its runs."
    return Table(columns, rows, title="Settings and seeds", caption=caption, id="settings")


def _points(value: float) -> str:
    return f"{100 * value:.1f}"


def _called(setting: Setting) -> str:
    return quoted(setting.runs[0]) + (f" ({len(setting.runs)} seeds)" if len(setting.runs) > 1 else "")


def _mean_and_range(setting: Setting, key: str) -> str:
    spread = setting.metrics[key]
    if spread.deviation is None:
        return percent(spread.mean)
    return f"{percent(spread.mean)} (seeds {_points(spread.least)}–{_points(spread.greatest)})"
