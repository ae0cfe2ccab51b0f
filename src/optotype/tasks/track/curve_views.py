"""HOTA and its parts by localisation threshold: of all sequences together and of each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optotype.evidence import Evidence
from optotype.metrics.tracking.addends import SUMS
from optotype.metrics.tracking.numbers import curves as of_sums
from optotype.results import Result
from optotype.views import ROLES, Axis, Chart, Section, Series

PARTS = ("HOTA", "DetA", "AssA", "LocA")
HALVES = ("DetRe", "DetPr", "AssRe", "AssPr")
MOST_SEQUENCES = 60
_ALL = "all sequences"


def curves(result: Result, evidence: Evidence) -> Section:
    """Two charts whose groups are chosen from a list: HOTA with its parts, then recall and precision of both."""
    found = result.errors["hota_curve"]
    groups = {_ALL: found, **(_each(evidence, found["alpha"]) if len(evidence) > 1 else {})}
    lead = (
        "HOTA is the mean over α of √(DetA · AssA), where a box counts as found from IoU α on. A steep fall to the "
        "right: objects are found, but boxes do not fit well."
    )
    cut = f" Of the sequences the first {MOST_SEQUENCES}." if len(evidence) > MOST_SEQUENCES else ""
    parts = f"DetA: detection, AssA: association, LocA: how well boxes fit.{cut}"
    halves = (
        "Of detection: boxes found, and boxes right. Of association: how much of an object is held by one identity, "
        "and how much of an identity is one object."
    )
    charts = [
        _chart(groups, PARTS, "hota-curve", "HOTA by α", parts),
        _chart(groups, HALVES, "halves", "Recall and precision by α", halves),
    ]
    return Section("curves", "HOTA by threshold", [*charts], lead=lead)


def _chart(
    groups: Mapping[str, Mapping[str, list[float | None]]], keys: tuple[str, ...], name: str, title: str, caption: str
) -> Chart:
    named = groups.items() if len(groups) > 1 else [("", found) for found in groups.values()]
    series = [
        Series(key, [float(a or 0) for a in found["alpha"]], list(found[key]), role=ROLES[i], group=group)
        for group, found in named
        for i, key in enumerate(keys)
    ]
    x, y = Axis("α", 0.05, 0.95), Axis("share", 0.0, 1.0, unit="ratio")
    return Chart("line", x, y, series, title=title, caption=caption, id=name)


def _each(evidence: Evidence, alpha: list[float]) -> dict[str, dict[str, list[float | None]]]:
    """The same numbers of each sequence, all classes together."""
    rows = evidence["counts"]
    sums = {name: np.zeros((len(evidence), len(alpha))) for name in SUMS if rows[name].ndim > 1}
    for name, total in sums.items():
        np.add.at(total, rows.item, rows[name])
    found = of_sums(sums)
    return {
        str(key): {"alpha": list(alpha), **{name: np.round(found[name][i], 4).tolist() for name in found}}
        for i, key in enumerate(evidence.keys[:MOST_SEQUENCES].tolist())
    }
