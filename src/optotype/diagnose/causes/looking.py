"""One condition against the failures: its parts, their rates, and the worst of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optotype.diagnose.causes.binning import Parts, bin_numbers, bin_texts
from optotype.diagnose.causes.rates import Rates, Sample, rates
from optotype.diagnose.causes.records import Kind
from optotype.diagnose.conditions import BY_KEY, PREFIX, Conditions
from optotype.tables import Ints


@dataclass(frozen=True, eq=False)
class Looked:
    """One condition of the items: its parts, rates of the parts and of the rest of each, and the worst part.

    ``sample`` has the groups that are independent for this condition: the classes, where it is a property of the class.
    """

    key: str
    parts: Parts
    found: Rates
    rest: Rates
    worst: int
    sample: Sample


def parts_of(conditions: Conditions) -> dict[str, Parts]:
    """Parts by each condition, where at least two can be made."""
    found = {key: bin_numbers(values, unit_of(key)) for key, values in conditions.values.items()}
    found |= {key: bin_texts(texts) for key, texts in conditions.categorical.items()}
    return {key: parts for key, parts in found.items() if parts is not None}


def look(key: str, parts: Parts, sample: Sample, label: Ints | None) -> Looked:
    """Rates of the parts; the worst has the largest standardised excess over the rest."""
    if label is not None and fixed_by_class(parts.code, label):
        names, group = np.unique(label, return_inverse=True)
        sample = replace(sample, group=group.astype(np.int32), groups=len(names), independent=False)
    b = len(parts)
    found = rates(sample, parts.code, b)
    others = [rates(sample, np.where(parts.code == part, -1, np.minimum(parts.code, 0)), 1) for part in range(b)]
    rest = Rates(*(np.array([getattr(r, field)[0] for r in others]) for field in ("n", "hits", "effective")))
    pooled = found.hits.sum() / found.n.sum()
    error = np.sqrt(max(pooled * (1 - pooled), 1e-12) * (1 / found.effective + 1 / rest.effective))
    return Looked(key, parts, found, rest, int(np.argmax((found.rate - rest.rate) / error)), sample)


def fixed_by_class(code: Ints, label: Ints) -> bool:
    """Whether all items of a class are in one part (of two or more classes)."""
    pairs = np.unique(label.astype(np.int64) * (int(code.max()) + 2) + code + 1)
    classes = len(np.unique(label))
    return classes > 1 and len(pairs) == classes


def kind_of(key: str) -> Kind:
    """Where a condition is from.

    >>> kind_of("size"), kind_of("novelty"), kind_of("column:site")
    ('measured', 'model', 'column')
    """
    if key.startswith(PREFIX):
        return "column"
    return "model" if key in BY_KEY and BY_KEY[key].needs == "model" else "measured"


def unit_of(key: str) -> str:
    """Unit of a condition, empty for none."""
    return BY_KEY[key].unit if key in BY_KEY else ""
