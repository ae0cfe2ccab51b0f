"""HOTA, CLEAR and Identity of tracks, as TrackEval has them."""

from optotype.metrics.tracking.addends import ALPHAS, COUNTS, MIDDLE, SUMS
from optotype.metrics.tracking.numbers import CURVES, NUMBERS, Number, as_trackeval, curves, numbers

__all__ = ["ALPHAS", "COUNTS", "CURVES", "MIDDLE", "NUMBERS", "SUMS", "Number", "as_trackeval", "curves", "numbers"]
