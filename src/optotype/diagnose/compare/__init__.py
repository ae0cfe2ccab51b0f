"""Comparing models on the same items."""

from optotype.diagnose.compare.gating import gates
from optotype.diagnose.compare.pairing import Comparison, compare, encode
from optotype.diagnose.compare.viewing import sections, verdict

__all__ = ["Comparison", "compare", "encode", "gates", "sections", "verdict"]
