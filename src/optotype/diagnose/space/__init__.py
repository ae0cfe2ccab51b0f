"""The feature space of a classifier: where its items lie, which of them it mistakes, and what they lie near to."""

from optotype.diagnose.space.answers import explore_answers
from optotype.diagnose.space.centroids import Centroids, centroids
from optotype.diagnose.space.comparing import compare
from optotype.diagnose.space.embedding import embed
from optotype.diagnose.space.exploring import explore
from optotype.diagnose.space.featured import Featured
from optotype.diagnose.space.neighbours import nearest
from optotype.diagnose.space.placing import Placing, place
from optotype.diagnose.space.records import CentroidTable, Space
from optotype.diagnose.space.suspects import suspects
from optotype.diagnose.space.viewing import centroid_section, sections, sentences

__all__ = [
    "CentroidTable", "Centroids", "Featured", "Placing", "Space", "centroid_section", "centroids", "compare", "embed",
    "explore", "explore_answers", "nearest", "place", "sections", "sentences", "suspects",
]  # fmt: skip
