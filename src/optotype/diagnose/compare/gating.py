"""Gates for automation: conditions on differences that make the command fail."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence

from optotype.diagnose.compare.records import Comparison, Pair
from optotype.errors import InputError, did_you_mean

_GATE = re.compile(r"\s*([A-Za-z_][\w./-]*)\s*(<=|>=|<|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")
_HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def gates(comparison: Comparison, conditions: Sequence[str]) -> list[str]:
    """The closed gates: for each condition and each later run, what was found where the condition holds.

    A condition is ``METRIC OPERATOR NUMBER``, such as ``accuracy < -0.005``: the operator is <, <=, > or >=, and
    the metric's difference, later run minus the first, is compared with the number (in the metric's own unit; 0.005
    of accuracy is half a point). It is the difference itself that counts, not its interval. An unknown metric, one
    that does not exist here, or another grammar is an InputError.
    """
    against = [pair for pair in comparison.pairs if pair.a == comparison.names[0]]
    closed = []
    for condition in conditions:
        key, sign, limit = _parse(condition, [*comparison.runs[0].metrics, *comparison.pairs[0].metrics])
        for pair in against:
            value = _value(pair, key, condition)
            if _HOLDS[sign](value, limit):
                closed.append(f"{condition.strip()}: {key} of '{pair.b}' minus '{pair.a}' is {value:+.6g}")
    return closed


def _parse(condition: str, keys: list[str]) -> tuple[str, str, float]:
    found = _GATE.fullmatch(condition)
    where = f"--fail-if {condition!r}"
    if not found:
        fix = "Write it like --fail-if 'accuracy < -0.005'."
        raise InputError(where, "METRIC, one of < <= > >=, and a number", repr(condition), fix)
    key, sign, limit = found.groups()
    if key not in keys:
        raise InputError(where, "a metric of the evaluations", repr(key), did_you_mean(key, keys))
    return key, sign, float(limit)


def _value(pair: Pair, key: str, condition: str) -> float:
    value = pair.metrics[key].value if key in pair.metrics else None
    if value is None:
        raise InputError(
            f"--fail-if {condition!r}", f"a difference of {key} between '{pair.b}' and '{pair.a}'", "none: it does "
            "not exist",
            "Gate on a metric that both have.",
        )  # fmt: skip
    return value
