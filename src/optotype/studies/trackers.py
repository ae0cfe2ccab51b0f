"""A tracker and its settings from the words of a user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import product
from math import prod
from typing import Any

from optotype.association.registry import TRACKERS
from optotype.association.settings import Settings
from optotype.errors import InputError, did_you_mean

MOST_COMBINATIONS = 1000
_BOOLS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def settings_of(tracker: str, *, reference: bool = False, given: Mapping[str, Any] | None = None) -> Settings:
    """The tracker's settings, in reference mode its authors', with what is ``given`` by name (text or values) changed.

    Raises InputError for an unknown tracker or setting and for a value out of its range.

    >>> settings_of("iou", given={"max_lost": "5"}).max_lost
    5
    >>> settings_of("bytetrack", given={"bufer": 2})
    Traceback (most recent call last):
    optotype.errors.InputError: setting 'bufer'
      expected: a setting of the tracker 'bytetrack'
      got:      'bufer'
      to do:    Did you mean 'buffer'?
    """
    if tracker not in TRACKERS:
        raise InputError("--tracker", "the name of a tracker", repr(tracker), did_you_mean(tracker, TRACKERS))
    record = TRACKERS[tracker].settings
    begun: Any = record.reference() if reference else record()
    known = {field.name: type(getattr(begun, field.name)) for field in fields(begun)}
    changes = {}
    for name, value in (given or {}).items():
        if name not in known:
            expected = f"a setting of the tracker '{tracker}'"
            raise InputError(f"setting '{name}'", expected, repr(name), did_you_mean(name, known))
        changes[name] = _typed(name, value, known[name])
    changed: Settings = replace(begun, **changes)
    return changed


def _typed(name: str, value: Any, kind: type) -> Any:
    """A setting's value as the number or truth value that it is."""
    try:
        if kind is bool:
            return value if isinstance(value, bool) else _BOOLS[str(value).lower()]
        number = float(value)
        if kind is int and not number.is_integer():
            raise ValueError
        return kind(number)
    except (ValueError, TypeError, KeyError, OverflowError):
        expected = {bool: "true or false", int: "a whole number"}.get(kind, "a number")
        raise InputError(f"setting '{name}'", expected, repr(value), "Correct it.") from None


def pairs(words: Sequence[str], option: str) -> dict[str, str]:
    """``name=value`` words as a dict; a name may use - for _.

    >>> pairs(["max-lost=5", "low=0.2"], "--set")
    {'max_lost': '5', 'low': '0.2'}
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        key = name.strip().replace("-", "_")
        if not equals or not key or not value.strip():
            raise InputError(option, "name=value, such as buffer=2", repr(word), "Write a name, '=' and the value.")
        if key in found:
            raise InputError(option, "each name once", f"'{key}' twice", "Leave one out.")
        found[key] = value.strip()
    return found


def combinations(words: Sequence[str]) -> list[dict[str, str]]:
    """Every combination of ``name=value,value…`` words, the last name changing fastest.

    >>> combinations(["low=0.1,0.2", "buffer=1,2"])[:2]
    [{'low': '0.1', 'buffer': '1'}, {'low': '0.1', 'buffer': '2'}]
    """
    lists = {name: [part.strip() for part in text.split(",")] for name, text in pairs(words, "--sweep").items()}
    for name, values in lists.items():
        if not all(values) or len(set(values)) < len(values):
            raise InputError("--sweep", f"different values of '{name}' with a comma between them",
                             repr(",".join(values)), "Such as buffer=1,2,3.")  # fmt: skip
    if (n := prod(map(len, lists.values()))) > MOST_COMBINATIONS:
        raise InputError("--sweep", f"at most {MOST_COMBINATIONS:,} combinations", f"{n:,}", "Give fewer values.")
    return [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]
