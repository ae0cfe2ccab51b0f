"""TIDE (Bolya et al. 2020): which kinds of error cost a detector how much AP at IoU 0.5."""

from optotype.metrics.tide.gains import Values, lanes, values
from optotype.metrics.tide.layout import KEYS, Layout, Tally, lay_out
from optotype.metrics.tide.variants import NOTED, SIZES, VARIANTS, Variant

__all__ = [
    "KEYS", "NOTED", "SIZES", "VARIANTS", "Layout", "Tally", "Values", "Variant", "lanes", "lay_out", "values",
]  # fmt: skip
