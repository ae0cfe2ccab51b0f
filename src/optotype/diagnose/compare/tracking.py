"""A pair of trackers: differences of their numbers by scene, and what each does to the same boxes and objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from optotype.diagnose.compare import following
from optotype.diagnose.compare.by_class import class_differences
from optotype.diagnose.compare.records import ClassDifference, Difference, Followed, Pair, SceneDifference, SettingPair
from optotype.diagnose.compare.significance import detectable, directions, mcnemar
from optotype.diagnose.compare.swapping import MOST_SCENES, least_p, swaps
from optotype.evidence import Evidence
from optotype.metrics.intervals import FEWEST_GROUPS, group_index, stretch
from optotype.metrics.significance import normal_p
from optotype.metrics.tracking.addends import COUNTS, SUMS
from optotype.metrics.tracking.numbers import NUMBERS, numbers
from optotype.results import Result
from optotype.tables import Array, Floats
from optotype.tasks import track
from optotype.tasks.measured import number
from optotype.tasks.track import Samples
from optotype.tasks.track.intervals import CARRYING, of_trackers
from optotype.tasks.track.rules import Rules
from optotype.tasks.track.timeline import Lives

Known: TypeAlias = tuple[Result, Evidence, Samples]
Tests: TypeAlias = Literal["swaps", "bootstrap", "none"]

ADDENDS = (*COUNTS, *SUMS)


@dataclass(frozen=True, eq=False)
class Scenes:
    """Addends of every scene, all classes together, as columns (scenes, m), and the scenes' names."""

    names: list[str]
    columns: Floats

    @classmethod
    def of(cls, evidence: Evidence, label: int | None = None) -> Scenes:
        """Of all classes, or of one."""
        rows = evidence["counts"]
        group, n = group_index(evidence.groups)
        inside = np.ones(len(rows), bool) if label is None else rows["label"] == label
        flat = np.column_stack([rows[name].reshape(len(rows), -1) for name in ADDENDS]).astype(np.float64)
        columns = np.zeros((n, flat.shape[1]))
        np.add.at(columns, group[rows.item[inside]], flat[inside])
        return cls(np.unique(evidence.groups).tolist(), columns)

    @staticmethod
    def numbers(sums: Floats) -> Floats:
        """Every number of ``NUMBERS`` of sums (r, m), (r, k)."""
        widths = [int(np.prod(SUMS[name][0], dtype=int)) if name in SUMS else 1 for name in ADDENDS]
        parts = np.split(sums, np.cumsum(widths)[:-1], axis=1)
        named: Mapping[str, Array] = {
            name: part[:, 0] if width == 1 else part for name, part, width in zip(ADDENDS, parts, widths, strict=True)
        }
        found = numbers(named)
        return np.column_stack([found[kind.key] for kind in NUMBERS])


def resample(result: Result, evidence: Evidence, *, resamples: int, seed: int, threads: int) -> Samples:
    """The numbers and their resamples, under the protocol of the result."""
    rules = Rules(result.protocol["name"])
    return track.resample(evidence, resamples=resamples, seed=seed, threads=threads, rules=rules)


def pair(one: Known, other: Known, names: tuple[str, str], *, same_setting: bool) -> Pair:
    """The second tracker held against the first.

    A box of the truth is fixed when the second finds it (IoU 0.5) and the first does not. Where there are too few
    scenes to be resampled, p-values come from exchanging the two within scenes in every way.
    """
    (told, first, a), (said, second, b) = one, other
    alike = told.errors.get("detections_known") == said.errors.get("detections_known")
    kept = first["truth"]["kept"]
    finds = following.found(first), following.found(second)
    fixed, broken = ~finds[0] & finds[1], finds[0] & ~finds[1]
    group, _ = group_index(first.groups)
    ways = directions(group[first["truth"].item], np.zeros(len(kept), np.int64), 1, fixed, broken)
    scenes = Scenes.of(first), Scenes.of(second)
    tests: Tests = "bootstrap" if a.enough else "swaps" if len(scenes[0].names) <= MOST_SCENES else "none"
    return Pair(
        a=names[0],
        b=names[1],
        metrics=_metrics(a, b, scenes, tests),
        fixes=int(fixed.sum()),
        breaks=int(broken.sum()),
        both_right=int((finds[0] & finds[1]).sum()),
        both_wrong=int((kept & ~finds[0] & ~finds[1]).sum()),
        mcnemar_p=mcnemar(*ways[0]),
        detectable=detectable(b.resampled["HOTA"] - a.resampled["HOTA"]) if a.enough else None,
        per_class=_per_class(one, other, (fixed, broken), tests),
        fixed=[],
        broken=[],
        same_setting=same_setting,
        frames=following.changed_frames((first, second), names),
        followed=_followed((first, second), names, (fixed, broken), scenes, tests, alike),
    )


def _metrics(a: Samples, b: Samples, scenes: tuple[Scenes, Scenes], tests: Tests) -> dict[str, Difference]:
    """Every number's difference and p, and where there are scenes enough its interval; counts have none then."""
    exact = _exact(scenes) if tests == "swaps" else {}
    found = {}
    for kind in NUMBERS:
        value = number(float(b.value[kind.key]) - float(a.value[kind.key]))
        plain = Difference(value, unit=kind.unit, better=kind.better)
        if value is not None and tests == "swaps":
            plain = msgspec.structs.replace(plain, p=number(exact[kind.key]))
        elif value is not None and tests == "bootstrap" and kind.key in CARRYING:
            plain = _drawn(plain, b.resampled[kind.key] - a.resampled[kind.key], a.groups)
        found[kind.key] = plain
    return found


def _drawn(difference: Difference, samples: Floats, groups: int) -> Difference:
    """A difference with the interval and p that its resamples (R,) of so many scenes give."""
    value = difference.value
    if value is None:
        return difference
    low, high = of_trackers(samples, value, groups)
    low, high = (None, None) if low == high else (low, high)
    return msgspec.structs.replace(difference, low=low, high=high, p=normal_p(value, stretch(groups) * samples))


def _exact(scenes: tuple[Scenes, Scenes]) -> dict[str, float]:
    p = swaps(scenes[0].columns, scenes[1].columns, Scenes.numbers)
    return dict(zip((kind.key for kind in NUMBERS), p.tolist(), strict=True))


def _per_class(one: Known, other: Known, changes: tuple[Array, Array], tests: Tests) -> list[ClassDifference]:
    """Each class by its HOTA."""
    (_, first, a), (_, second, b) = one, other
    return class_differences(
        "hota",
        first.classes,
        (a.class_value["HOTA"], b.class_value["HOTA"]),
        [_class_difference((first, a), (second, b), k, tests) for k in range(len(first.classes))],
        label=first["truth"]["label"],
        counted=first["truth"]["kept"],
        changes=changes,
    )


def _class_difference(
    one: tuple[Evidence, Samples], other: tuple[Evidence, Samples], k: int, tests: Tests
) -> Difference:
    (first, a), (second, b) = one, other
    plain = Difference(number(b.class_value["HOTA"][k] - a.class_value["HOTA"][k]))
    if plain.value is None:
        return plain
    if tests == "swaps":
        exact = _exact((Scenes.of(first, k), Scenes.of(second, k)))
        return msgspec.structs.replace(plain, p=number(exact["HOTA"]))
    if tests == "bootstrap" and a.class_groups[k] >= FEWEST_GROUPS:
        return _drawn(plain, b.class_resampled["HOTA"][:, k] - a.class_resampled["HOTA"][:, k], a.groups)
    return plain


def _followed(
    sides: tuple[Evidence, Evidence],
    names: tuple[str, str],
    changes: tuple[Array, Array],
    scenes: tuple[Scenes, Scenes],
    tests: Tests,
    causes_alike: bool,
) -> Followed:
    first, second = sides
    lives = Lives.of(first), Lives.of(second)
    gain = following.held(lives)
    switched = following.switches(first, second)
    return Followed(
        avoided=int(switched.avoided.sum()),
        made=int(switched.made.sum()),
        both=switched.both,
        within=following.WITHIN,
        held=int((gain > 0).sum()),
        lost=int((gain < 0).sum()),
        alike=int((gain == 0).sum()),
        tests=tests,
        least_p=least_p(len(scenes[0].names)) if tests == "swaps" else None,
        scenes=_scenes(sides, changes, scenes),
        events=following.by_cause(first, second),
        lanes=following.changed_lanes(sides, lives, names),
        causes_alike=causes_alike,
    )


def _scenes(
    sides: tuple[Evidence, Evidence], changes: tuple[Array, Array], scenes: tuple[Scenes, Scenes]
) -> list[SceneDifference]:
    group, n = group_index(sides[0].groups)
    fixes, breaks = (np.bincount(group[sides[0]["truth"].item[mask]], minlength=n) for mask in changes)
    keys = [kind.key for kind in NUMBERS]
    hota, idsw = keys.index("HOTA"), keys.index("IDSW")
    a, b = (Scenes.numbers(scene.columns) for scene in scenes)
    return [
        SceneDifference(name, number(a[i, hota]), number(b[i, hota]), int(a[i, idsw]), int(b[i, idsw]),
                        int(fixes[i]), int(breaks[i]))
        for i, name in enumerate(scenes[0].names)
    ]  # fmt: skip


def setting_pairs(members: Sequence[Sequence[int]], samples: Sequence[Samples]) -> list[SettingPair]:  # noqa: ARG001
    """None: trackers are not trained here, so that no two runs differ in the seed alone."""
    return []
