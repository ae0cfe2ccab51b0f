"""What a record of COCO may hold, for those who ask for it and for the scanner."""

from __future__ import annotations

IMAGE, CATEGORY, BOX, AREA, SCORE, CROWD, ID, IGNORE = (1 << i for i in range(8))
"""Bits of the keys that a record may have. ``IGNORE`` is set where the value is true, the others where there is one."""
