"""What there is to see of an item: its image, and where pixels have classes, its label maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optotype.tables import Masks
from optotype.views import Picture


@dataclass(frozen=True, eq=False)
class Pictures:
    """Item key → its image, None where there is none.

    ``label_maps`` gives the truth and what was said about the judged items, both in the evidence's order; it raises
    InputError where they cannot be read, or are no longer those that were judged. None: there are none.
    """

    image: Callable[[str], Picture | None]
    label_maps: Callable[[], tuple[Masks, Masks]] | None = None

    def __call__(self, key: str) -> Picture | None:
        """The item's image."""
        return self.image(key)
