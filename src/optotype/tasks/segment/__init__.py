"""Segmentation: a class for each pixel."""

from optotype.tasks.segment.matching import match
from optotype.tasks.segment.measuring import Samples, measure, resample

__all__ = ["Samples", "match", "measure", "resample"]
