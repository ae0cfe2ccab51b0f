"""Detection: boxes with a class and a score on each item."""

from optotype.tasks.detect.judging import match
from optotype.tasks.detect.measuring import Samples, measure, resample
from optotype.tasks.detect.reading import digest, keep, read
from optotype.tasks.detect.viewing import sections, verdict

__all__ = ["Samples", "digest", "keep", "match", "measure", "read", "resample", "sections", "verdict"]
