"""Classification: one class an item."""

from optotype.tasks.classify.gallery import gallery
from optotype.tasks.classify.matching import match
from optotype.tasks.classify.measuring import Measured, Samples, measure, resample
from optotype.tasks.classify.viewing import sections, verdict

__all__ = ["Measured", "Samples", "gallery", "match", "measure", "resample", "sections", "verdict"]
