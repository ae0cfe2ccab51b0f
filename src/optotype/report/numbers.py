"""Numbers as text, the same as in the page (``web/src/format.ts``).

Minus signs are true ones, and what does not exist is a dash.
"""

from __future__ import annotations

import math

from optotype.views import Kind, Unit

DASH = "–"
_TINY = 1e-4


def amount(value: float | None, unit: Unit, digits: int = 3) -> str:
    """A number with its unit; ``digits`` are the decimals of a ratio.

    >>> [amount(0.5, "ratio"), amount(-1234567, "count"), amount(75.2, "seconds"), amount(None, "nats")]
    ['0.500', '−1,234,567', '1 min 15 s', '–']
    """
    if value is None or not math.isfinite(value):
        return DASH
    if unit in ("ratio", "nats"):
        return _fixed(value, digits)
    if unit == "points":
        return _fixed(value, 2)
    if unit == "seconds":
        return seconds(value)
    if unit == "count" and value == int(value):
        return _fixed(value, 0)
    return significant(value) + (" px" if unit == "pixels" else "")


def cell(value: float | None, kind: Kind, *, pad: bool = False) -> str:
    """A table's number; ``pad`` keeps zeros at the end, so that a number and the ends of its interval look alike.

    >>> [cell(0.8765, "percent"), cell(18.0, "points"), cell(0.0123, "delta"), cell(12345.678, "number")]
    ['87.6 %', '18.00', '+0.012', '12,350']
    >>> [cell(-1234.0, "delta"), cell(0.0, "delta"), cell(39782.0, "number")]
    ['−1,234', '0.000', '39,782']
    >>> [cell(value, "number", pad=True) for value in (0.09, 1.9, 1.0, 0.00012345)]
    ['0.0900', '1.900', '1', '0.0001234']
    """
    if value is None or not math.isfinite(value):
        return DASH
    if kind == "integer":
        return _fixed(value, 0)
    if kind == "ratio":
        return _fixed(value, 3)
    if kind == "percent":
        return f"{_fixed(100 * value, 1)} %"
    if kind == "points":
        return _fixed(value, 2)
    if kind == "delta":
        return ("+" if value > 0 else "") + _fixed(value, 0 if value and float(value).is_integer() else 3)
    if kind == "seconds":
        return seconds(value)
    if kind == "number" and float(value).is_integer() and abs(value) < 1e15:
        return _fixed(value, 0)
    if pad and not value.is_integer() and 1e-3 <= abs(value) < 1e4:
        return _fixed(value, min(4, 3 - math.floor(math.log10(abs(value)))))
    return significant(value)


def seconds(value: float) -> str:
    """A duration in the unit that suits it.

    >>> [seconds(0.00005), seconds(0.25), seconds(12.34), seconds(7265)]
    ['50 µs', '250 ms', '12.3 s', '2 h 01 min']
    """
    sign, size = ("−" if value < 0 else ""), abs(value)
    if size < 1e-3:
        return f"{sign}{size * 1e6:.0f} µs"
    if size < 1:
        return f"{sign}{significant(size * 1e3, 3)} ms"
    if size < 60:
        return f"{sign}{size:.1f} s"
    whole = round(size)
    if whole < 3600:
        return f"{sign}{whole // 60} min {whole % 60:02d} s"
    return f"{sign}{whole // 3600} h {whole % 3600 // 60:02d} min"


def significant(value: float, digits: int = 4) -> str:
    """At most so many significant digits; two and a power of ten under 0.0001.

    >>> [significant(1234567.0), significant(0.000123456), significant(2.50), significant(4.04e-9)]
    ['1,235,000', '0.0001235', '2.5', '4.0e−9']
    """
    if value == 0:
        return "0"
    if abs(value) < _TINY:
        mantissa, power = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(power)}".replace("-", "−")
    places = digits - 1 - math.floor(math.log10(abs(value)))
    text = f"{round(value, places):,.{max(0, places)}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def decimals(low: float | None, high: float | None) -> int:
    """Decimals that keep the ends of an interval apart: three, and more where it is very narrow.

    >>> [decimals(None, None), decimals(0.7, 0.9), decimals(0.71, 0.7105)]
    [3, 3, 5]
    """
    if low is None or high is None or not high > low:
        return 3
    return min(6, max(3, math.ceil(1 - math.log10(high - low))))


def _fixed(value: float, places: int) -> str:
    return f"{value:,.{places}f}".replace("-", "−")
