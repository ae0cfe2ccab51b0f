"""Classification: one class an item."""

from optotype.tasks.classify.gallery import gallery
from optotype.tasks.classify.matching import match
from optotype.tasks.classify.measuring import Samples, measure, resample
from optotype.tasks.classify.reading import digest, keep, read
from optotype.tasks.classify.viewing import sections, verdict

__all__ = ["Samples", "digest", "gallery", "keep", "match", "measure", "read", "resample", "sections", "verdict"]
