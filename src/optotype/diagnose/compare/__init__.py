"""Comparing models on the same items."""

from collections.abc import Callable
from types import ModuleType

from optotype.diagnose.compare import detect_views, segment_views, track_views, viewing
from optotype.diagnose.compare.gating import gates
from optotype.diagnose.compare.pairing import compare
from optotype.diagnose.compare.records import Comparison, encode
from optotype.views import Picture, Section, Sentence

__all__ = ["Comparison", "compare", "encode", "gates", "sections", "verdict"]

VIEWS: dict[str, ModuleType] = {
    "classify": viewing,
    "detect": detect_views,
    "track": track_views,
    "segment": segment_views,
}
"""Task → how a comparison of its models is told: ``verdict`` and ``sections``."""


def verdict(comparison: Comparison) -> list[Sentence]:
    """Which model is better, in sentences that say nothing their intervals do not carry."""
    sentences: list[Sentence] = VIEWS[comparison.task].verdict(comparison)
    return sentences


def sections(comparison: Comparison, picture: Callable[[str], Picture | None]) -> list[Section]:
    """The sections of the report, the first one ``comparison``."""
    found: list[Section] = VIEWS[comparison.task].sections(comparison, picture)
    return found
