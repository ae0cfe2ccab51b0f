"""Multi-object tracking: boxes with identities in sequences."""

from optotype.tasks.track.judging import match
from optotype.tasks.track.measuring import Samples, measure, resample
from optotype.tasks.track.reading import digest, keep, read
from optotype.tasks.track.viewing import sections, verdict

__all__ = ["Samples", "digest", "keep", "match", "measure", "read", "resample", "sections", "verdict"]
