"""Each class of two models held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from optotype.diagnose.compare.records import ClassDifference, Difference
from optotype.diagnose.compare.significance import holm
from optotype.tables import Array, Floats
from optotype.tasks.measured import number


def class_differences(
    kind: Literal["ap", "hota", "iou"],
    classes: Sequence[str],
    values: tuple[Floats, Floats],
    differences: Sequence[Difference],
    *,
    label: Array,
    counted: Array,
    changes: tuple[Array, Array],
) -> list[ClassDifference]:
    """A row a class, judged by ``kind``, with p-values corrected after Holm.

    ``values`` are the two models' (K,) and ``differences`` theirs; ``label`` (m,) are classes of the truth's objects,
    ``counted`` (m,) masks those that count, ``changes`` those fixed and those broken.
    """
    K = len(classes)
    n, fixes, breaks = (np.bincount(label[mask], minlength=K).tolist() for mask in (counted, *changes))
    a, b = values
    p_holm = holm([d.p for d in differences])
    return [
        ClassDifference(
            name=name,
            n=n[k],
            a=number(a[k]),
            b=number(b[k]),
            fixes=fixes[k],
            breaks=breaks[k],
            p=differences[k].p,
            p_holm=p_holm[k],
            **{kind: msgspec.structs.replace(differences[k], p_holm=p_holm[k])},
        )
        for k, name in enumerate(classes)
    ]
