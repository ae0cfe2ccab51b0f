"""Numbers of comparisons in sentences."""

from __future__ import annotations

ALPHA = 0.05


def signed(value: float) -> str:
    """A difference of ratios in points, with its sign.

    >>> signed(-0.0123)
    '−1.2'
    """
    return f"{100 * value:+.1f}".replace("-", "−")


def p_text(p: float) -> str:
    """A p-value after ‘p’.

    >>> p_text(0.0001), p_text(0.25)
    ('< 0.001', '= 0.250')
    """
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
