"""Comparing models on the same items."""

from optotype.diagnose.compare.gating import gates
from optotype.diagnose.compare.pairing import compare
from optotype.diagnose.compare.records import Comparison, encode
from optotype.diagnose.compare.viewing import sections, verdict

__all__ = ["Comparison", "compare", "encode", "gates", "sections", "verdict"]
