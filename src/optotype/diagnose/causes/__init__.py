"""Causes: what the failures go with, in numbers that respect groups and the size of the search."""

from optotype.diagnose.causes.finding import causes
from optotype.diagnose.causes.reading import readings
from optotype.diagnose.causes.records import Bin, Causes, Effect, Slice, Spread, Trust
from optotype.diagnose.causes.viewing import sections
from optotype.diagnose.causes.wording import sentences

__all__ = ["Bin", "Causes", "Effect", "Slice", "Spread", "Trust", "causes", "readings", "sections", "sentences"]
