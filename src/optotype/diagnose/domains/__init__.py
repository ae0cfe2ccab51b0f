"""One model on two data sets: what changes from the first to the second."""

from optotype.diagnose.domains.crossing import cross
from optotype.diagnose.domains.records import Crossing, encode
from optotype.diagnose.domains.viewing import sections
from optotype.diagnose.domains.wording import verdict

__all__ = ["Crossing", "cross", "encode", "sections", "verdict"]
