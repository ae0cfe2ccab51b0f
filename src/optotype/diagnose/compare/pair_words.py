"""Sentences about a pair of models that comparisons of several tasks say alike."""

from __future__ import annotations

from optotype.diagnose.compare.records import Difference, Pair
from optotype.diagnose.compare.wording import ALPHA, p_text, signed
from optotype.tasks.wording import quoted
from optotype.views import Sentence


def reach(difference: Difference) -> str:
    """The interval of a difference of ratios in points, to stand behind its value; empty where there is none.

    >>> reach(Difference(0.02, -0.012, 0.052)), reach(Difference(0.02))
    (' [−1.2, +5.2]', '')
    """
    if difference.low is None or difference.high is None:
        return ""
    return f" [{signed(difference.low)}, {signed(difference.high)}]"


def tested(difference: Difference, least_p: float | None, exchanged: str) -> str:
    """The p-value in brackets; of the exact test over ``exchanged`` … with the least that so few of them allow.

    >>> tested(Difference(0.1, p=0.25), 0.25, "scenes")
    ' (exact p = 0.250 over exchanged scenes, the least possible 0.25: too few to show anything)'
    """
    if difference.p is None:
        return ""
    if least_p is None:
        return f" (p {p_text(difference.p)})"
    few = ": too few to show anything" if least_p >= ALPHA else ""
    return f" (exact p {p_text(difference.p)} over exchanged {exchanged}, the least possible {least_p:.3g}{few})"


def verdict_sentence(pair: Pair, difference: Difference, what: str, text: str) -> Sentence:
    """Whether the second model is better or worse in ``what``, or that neither can be shown; ``text`` has the numbers.

    Shown by an interval without 0, or where there is none by the p-value.
    """
    first, second = quoted(pair.a), quoted(pair.b)
    up = (difference.value or 0.0) > 0
    if difference.shown or (difference.low is None and difference.p is not None and difference.p < ALPHA):
        told = f"{second} is {'better' if up else 'worse'} than {first}: {text}."
        return Sentence(told, "good" if up else "bad", "comparison")
    told = f"No difference in {what} can be shown between {second} and {first}: {text}"
    if pair.detectable:
        told += f"; a difference under about {100 * pair.detectable:.1f} points would often not be seen"
    return Sentence(f"{told}.", "neutral", "comparison")
