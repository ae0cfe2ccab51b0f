"""What was found, in sentences that say no more than their numbers: what failures go with, never why."""

from __future__ import annotations

from optotype.diagnose.causes.records import Causes, Effect, Place, Slice, Spread, Trust
from optotype.diagnose.causes.words import WORDS
from optotype.diagnose.conditions import BY_KEY, name
from optotype.tasks.wording import percent, plural, quoted
from optotype.views import Sentence

ALPHA = 0.05
TARGET = "causes"
SLICES = "slices"


def sentences(causes: Causes, *, most: int = 3) -> list[Sentence]:
    """The strongest findings, each with its interval: up to two conditions, a class or pair, misplaced confidence.

    Only what is measured or a column of the user is said, and only what holds after correction for all that was looked
    at. Of conditions that cannot be told apart the strongest speaks.
    """
    effects = shown_effects(causes)
    found = [effect_sentence(causes, effect) for effect in effects[:2]]
    if own := special_slices(causes):
        found.append(slice_sentence(causes, own[0]))
    if causes.trust and len(found) < most:
        found.append(trust_sentence(causes.trust[0]))
    if not found:
        return [_nothing(causes)]
    return found[:most]


PLAINER = {"rim": "size"}
"""Condition → another that says the same in plainer words and speaks for it where the two cannot be told apart."""


def shown_effects(causes: Causes) -> list[Effect]:
    """Effects that hold after correction (and adjustment, where there is one), without those like a stronger one, or
    like one in plainer words.
    """
    holding = {effect.condition: effect for effect in causes.effects if effect.kind != "model" and holds(effect)}
    kept: list[Effect] = []
    for effect in sorted(holding.values(), key=_strength, reverse=True):
        told = any(effect.condition in other.entangled for other in kept)
        plainer = holding.get(PLAINER.get(effect.condition, ""))
        if not told and (plainer is None or plainer.condition not in effect.entangled):
            kept.append(effect)
    return kept


def holds(effect: Effect) -> bool:
    """Whether failing goes with the condition, after correction, and after adjustment where there is one."""
    shown = effect.p_holm is not None and effect.p_holm < ALPHA and (effect.difference.low or 0) > 0
    return shown and (effect.adjusted is None or effect.adjusted.low is None or effect.adjusted.low > 0)


def _strength(effect: Effect) -> float:
    spread = effect.adjusted or effect.difference
    return spread.low if spread.low is not None else -1.0


def special_slices(causes: Causes) -> list[Slice]:
    """Slices that are more than the general effect of their condition, confused pairs first where they are clearest.

    Of several with the same class or pair the clearest stands; a pair speaks for its class.
    """
    kept: list[Slice] = []
    for found in causes.slices:
        if is_special(found) and not any(other.truth == found.truth for other in kept):
            kept.append(_as_pair(found, causes.slices))
    return kept


def is_special(found: Slice) -> bool:
    """Whether a slice is surely more than the general effect of its condition."""
    return (found.difference.low or 0.0) > max(found.elsewhere or 0.0, 0.0)


def _as_pair(found: Slice, slices: list[Slice]) -> Slice:
    """The pair, or the way to fail, that makes up most of a class's slice, where there is one."""
    for other in slices:
        same = (other.truth, other.condition, other.where) == (found.truth, found.condition, found.where)
        if _of_any(found) and not _of_any(other) and same and 2 * other.failures > found.failures:
            return other
    return found


def _of_any(found: Slice) -> bool:
    """Whether a slice is of failures of any kind."""
    return found.predicted is None and not found.fails


def effect_sentence(causes: Causes, effect: Effect) -> Sentence:
    """One condition: rates inside and outside its worst part, and the share of the failures there."""
    words = WORDS[causes.task]
    gap, part = points(effect.difference), percent(effect.n / (causes.n - effect.missing), 0)
    text = (
        f"{words.failures.capitalize()} go with {title(effect.condition)}: where it is {effect.where} "
        f"({part} of the {words.many}), {percent(effect.rate)} are {words.failing}, elsewhere "
        f"{percent(effect.rest_rate)} ({gap}); {percent(effect.share, 0)} of all {words.failures} lie there."
    )
    if effect.adjusted is not None and effect.adjusted.low is not None:
        text += f" With class and other conditions held fixed it is {points(effect.adjusted)}."
    return Sentence(text, "caution", TARGET)


def slice_sentence(causes: Causes, found: Slice) -> Sentence:
    """One class or pair: rates inside and outside the part of its items."""
    words = WORDS[causes.task]
    what = f"is {found.fails or words.failing}" if found.predicted is None else f"is called {quoted(found.predicted)}"
    where = comparative(found.condition, found.place, found.where)
    text = (
        f"{quoted(found.truth)} {what} more often {where}: {percent(found.rate)} of {plural(found.n, words.one)}, "
        f"against {percent(found.rest_rate)} of its other {found.rest_n:,} ({points(found.difference)})."
    )
    return Sentence(text, "caution", SLICES)


def trust_sentence(found: Trust) -> Sentence:
    """Confidence and share right inside and outside a part."""
    where = f"{title(found.condition)} is {found.where}"
    over = "over-confident" if found.confidence > found.accuracy else "less under-confident"
    text = (
        f"Where {where}, the model is {over}: {percent(found.confidence)} sure and {percent(found.accuracy)} right, "
        f"elsewhere {percent(found.rest_confidence)} and {percent(found.rest_accuracy)}."
    )
    return Sentence(text, "caution", "trust")


def comparative(condition: str, place: Place, where: str) -> str:
    """When a part is met, in words.

    >>> comparative("size", "low", "below 34 px")
    'when it is smaller (size below 34 px)'
    >>> comparative("column:weather", "category", "‘rain’")
    'when ‘weather’ is ‘rain’'
    """
    known = BY_KEY.get(condition)
    if known is None or place not in ("low", "high"):
        return f"when {title(condition)} is {where}"
    return f"when it is {known.low if place == 'low' else known.high} ({known.label} {where})"


def points(spread: Spread) -> str:
    """A difference of rates in percentage points with its interval.

    >>> points(Spread(0.287, 0.221, 0.35))
    '+28.7 points [22.1, 35.0]'
    """
    text = f"{100 * spread.value:+.1f} points".replace("-", "−")
    if spread.low is None or spread.high is None:
        return text
    return text + f" [{100 * spread.low:.1f}, {100 * spread.high:.1f}]".replace("-", "−")


def title(condition: str) -> str:
    """What a reader calls a condition; a column of the user in quotes, as it may be called like one of ours.

    >>> title("noise"), title("column:noise")
    ('noise', '‘noise’')
    """
    return name(condition) if condition in BY_KEY else quoted(name(condition))


def _nothing(causes: Causes) -> Sentence:
    if causes.warnings:
        return Sentence(causes.warnings[0], "neutral", TARGET)
    if not causes.effects:
        return Sentence("No condition could be compared: there is nothing to look into.", "neutral", TARGET)
    words, looked = WORDS[causes.task], plural(len(causes.effects), "condition")
    text = (
        f"None of {looked} can be shown to go with the {words.failures} "
        f"({causes.failures:,} of {plural(causes.n, words.one)})."
    )
    return Sentence(text, "neutral", TARGET)
