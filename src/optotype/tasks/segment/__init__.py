"""Segmentation: a class for each pixel."""

from optotype.tasks.segment.matching import match
from optotype.tasks.segment.measuring import Samples, measure, resample
from optotype.tasks.segment.reading import digest, keep, read
from optotype.tasks.segment.viewing import sections, verdict

__all__ = ["Samples", "digest", "keep", "match", "measure", "read", "resample", "sections", "verdict"]
