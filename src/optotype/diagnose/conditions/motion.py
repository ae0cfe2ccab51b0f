"""Conditions of objects in sequences: what hides them, how they and the camera move, how long they have been there.

Each function takes what is known of n objects in frames and returns float64 (n,), NaN where the value does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optotype.diagnose.conditions.known import Known
from optotype.tables import Floats

if TYPE_CHECKING:
    from optotype.tasks.track.surroundings import Surroundings


def occlusion(known: Known) -> Floats:
    """Share of the object that is hidden: as the truth tells, else what boxes with a lower foot cover of it."""
    return _around(known).occlusion()


def speed(known: Known) -> Floats:
    """How far its centre moves a frame, in heights of the box."""
    return _around(known).speed()


def camera(known: Known) -> Floats:
    """How far the camera moved the image since the frame before, in pixels: as estimated, else as all boxes moved."""
    return _around(known).camera()


def age(known: Known) -> Floats:
    """Frames since the object was first there."""
    return _around(known).age()


def _around(known: Known) -> Surroundings:
    # The package brings its kernels, which only those who need them should wait for.
    from optotype.tasks.track.surroundings import Surroundings

    objects, tracked = known.objects, known.objects.tracked
    assert tracked is not None, "objects in frames"
    return Surroundings(
        objects.item, tracked.image, tracked.id, objects.label, objects.box, tracked.visibility, tracked.motion
    )
