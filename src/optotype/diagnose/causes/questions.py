"""Too small? Occluded? Surroundings? Confused? Each question about a segmentation with a measured answer."""

from __future__ import annotations

from dataclasses import dataclass

from optotype.diagnose.causes.records import Causes, Effect, Relation
from optotype.diagnose.causes.wording import ALPHA, SLICES, holds, points, slice_sentence, title
from optotype.diagnose.compare.wording import p_text
from optotype.tasks.wording import percent, plural, quoted
from optotype.views import Sentence, Tone

RELATIONS = "cell-relations"
TAKEN = "taken"
MOST_PAIRS = 3
OPPOSITE = {"low": "high", "high": "low"}


@dataclass(frozen=True)
class Question:
    """What is asked, and the conditions that can answer it, the plainest first, with the end that would mean yes."""

    asked: str
    conditions: tuple[tuple[str, str], ...]


QUESTIONS = (
    Question("Too small?", (("size", "low"),)),
    Question("Too thin?", (("fill", "low"), ("rim", "high"))),
    Question("Occluded?", (("pieces", "high"), ("truncation", "high"))),
    Question(
        "Too dark or blurred?",
        (("brightness", "low"), ("sharpness", "low"), ("spread", "low"), ("noise", "high"), ("quality", "low")),
    ),
    Question("Surroundings?", (("contrast", "low"), ("others", "high"))),
)
"""The questions that conditions answer; what is confused is counted."""


def answers(causes: Causes) -> list[Sentence]:
    """A sentence with numbers for each question that anything was measured for.

    Yes: one of its conditions goes with misses, at the end asked for, after correction for all that was looked at; the
    first such speaks. It may be that of one class alone. Else the one with the largest difference is said with its
    numbers, one at the end asked for where there is any: not shown, or untested where groups are too few. Where misses
    go with the other end, that is said.
    """
    found = [s for question in QUESTIONS if (s := _answer(causes, question)) is not None]
    return [*found, *_confused(causes)]


def _answer(causes: Causes, question: Question) -> Sentence | None:
    ends = dict(question.conditions)
    mine = [effect for effect in causes.effects if effect.condition in ends]
    if not mine:
        return None
    shown = [e for e in mine if holds(e) and e.place == ends[e.condition]]
    order = list(ends)
    if shown:
        chosen = min(shown, key=lambda e: order.index(e.condition))
    else:
        chosen = max(mine, key=lambda e: (e.place == ends[e.condition], e.difference.value))
    of_class = next((s for s in causes.slices if ends.get(s.condition) == s.place), None)
    if not shown and of_class is not None:
        told = f"Of one class, yes: {slice_sentence(causes, of_class).text}"
        return Sentence(f"{question.asked} {told}", "caution", SLICES)
    text = f"{question.asked} {_told(chosen, ends[chosen.condition])}{_related(causes, chosen.condition)}"
    tone: Tone = "caution" if shown else "neutral"
    return Sentence(text, tone, RELATIONS)


def _told(effect: Effect, end: str) -> str:
    """Yes or not, with the numbers; ``end`` is the end of the condition that would mean yes."""
    rates = (
        f"where {title(effect.condition)} is {effect.where}, {percent(effect.rate)} of {plural(effect.n, 'component')} "
        f"are missed, elsewhere {percent(effect.rest_rate)} ({points(effect.difference)})"
    )
    if holds(effect):
        other = "The other way round" if effect.place == OPPOSITE[end] else "Not at that end"
        return f"{'Yes' if effect.place == end else other}: {rates}."
    if effect.p_holm is None:
        return f"Untested, as there are too few groups: {rates}."
    if effect.p_holm >= ALPHA:
        return f"Not shown: {rates}, p {p_text(effect.p_holm)} after correction."
    if effect.adjusted is not None and (effect.difference.low or 0) > 0:
        return f"Not by itself: {rates}, but {points(effect.adjusted)} among components alike in all else."
    return f"Not shown, as the interval reaches 0: {rates}."


def _related(causes: Causes, condition: str) -> str:
    """What the cells say of a condition."""
    found = next((r for r in causes.relations if r.condition == condition), None)
    if found is None:
        return ""
    first, last = found.bands[0], found.bands[-1]
    text = (
        f" The IoU of an image’s class is {percent(first.iou)} on average in the lowest part by it and "
        f"{percent(last.iou)} in the highest"
    )
    return f"{text}; {rank_text(found)}."


def rank_text(relation: Relation) -> str:
    """The rank correlation with IoU, inside classes where there are cells enough."""
    spread, inside = (relation.within, " inside classes") if relation.within else (relation.rank, "")
    ends = ""
    if spread.low is not None and spread.high is not None:
        ends = f" [{spread.low:+.2f}, {spread.high:+.2f}]".replace("-", "−")
    return f"rank correlation{inside} {spread.value:+.2f}".replace("-", "−") + ends


def _confused(causes: Causes) -> list[Sentence]:
    if not causes.failures or not causes.taken:
        return []
    named = [t for t in causes.taken if t.said is not None]
    n = sum(t.n for t in named)
    pairs = ", ".join(
        f"{quoted(t.truth)} taken for {quoted(t.said or '')} ({t.n:,} of its {t.failures:,} misses)"
        for t in named[:MOST_PAIRS]
    )
    missed = plural(causes.failures, "missed component")
    text = (
        f"Confused? Of {missed} {percent(n / causes.failures, 0)} are mostly given another class"
        f"{', most often ' if pairs else ''}{pairs}."
    )
    return [Sentence(text, "caution" if named else "neutral", TAKEN)]
