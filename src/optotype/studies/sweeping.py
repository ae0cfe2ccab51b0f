"""A tracker at every combination of some settings, measured against a truth."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from optotype.association import interpolate as fill_gaps
from optotype.association import track as associate
from optotype.association.registry import tracker_of
from optotype.evidence import Evidence
from optotype.files import write_atomic
from optotype.formats import read_tracks
from optotype.metrics.tracking import COUNTS, NUMBERS, SUMS, numbers
from optotype.runs import RunFolder
from optotype.studies.evaluation import new_folder
from optotype.studies.footages import read_detected
from optotype.studies.reports import write_report
from optotype.studies.saying import Say, quiet
from optotype.studies.sweep_records import SWEEP_FILE, Sweep, SweepRow
from optotype.studies.trackers import settings_of
from optotype.studies.tracking import Progress, camera_motion, plan, uncounted
from optotype.tables import Array, Floats, Tracks
from optotype.tasks.track.matching import match
from optotype.tasks.track.reading import hashes
from optotype.tasks.track.rules import Rules
from optotype.tasks.wording import plural
from optotype.version import VERSION

BY = "HOTA"
"""What the best combination is chosen by."""

Sums = dict[str, Array]


@dataclass(frozen=True)
class _How:
    """What is the same for all combinations."""

    reference: bool
    per_class: bool
    interpolate: bool
    motion: Mapping[str, Floats]
    protocol: str
    threads: int


def sweep(
    detections: str | Path,
    truth: str | Path,
    *,
    out: str | Path,
    combinations: Sequence[Mapping[str, Any]],
    tracker: str = "bytetrack",
    reference: bool = False,
    settings: Mapping[str, Any] | None = None,
    protocol: str = "plain",
    images: str | Path | None = None,
    sequences: Sequence[str] | None = None,
    per_class: bool = True,
    interpolate: bool = False,
    cmc: bool = False,
    threads: int = 0,
    max_mb: float = 20,
    say: Say = quiet,
    progress: Progress = uncounted,
    command: str = "",
) -> Sweep:
    """Track and measure with each of ``combinations`` of settings, over those of ``settings`` and the tracker's own.

    Leaves ``sweep.csv``, ``sweep.json`` and ``report.html`` in ``out``, which must be new; the tracks are not kept.
    Beside the best combination stands what its choice is worth: chosen on all scenes but one and measured on that one,
    each in turn. Raises InputError as ``optotype.track``.
    """
    folder = RunFolder(new_folder(Path(out)).path)
    kinds = [settings_of(tracker, reference=reference, given={**(settings or {}), **one}) for one in combinations]
    true = read_tracks(Path(truth), protocol=protocol, sequences=sequences).tracks
    found = read_detected(Path(detections), images=None if images is None else Path(images), like=true)
    swept = {name: [getattr(kind, name) for kind in kinds] for name in combinations[0]}
    say(plan(found.tracks, kinds[0], reference, list(swept)))
    say(f"{plural(len(kinds), 'combination')} of {', '.join(swept)}")
    moved = camera_motion(found.tracks, say, uncounted) if cmc else {}
    motion = {name: one.matrix for name, one in moved.items()}
    how = _How(reference, per_class, interpolate, motion, protocol, threads)
    tracker_of(kinds[0]).run()
    sums = []
    for n, kind in enumerate(kinds, 1):
        sums.append(_measured(found.tracks, true, kind, how))
        progress(n, len(kinds))
    rows = [
        SweepRow({name: values[i] for name, values in swept.items()}, _plain(_total(one)))
        for i, one in enumerate(sums)
    ]  # fmt: skip
    scenes = true.items.groups()[np.argsort(true.items.key, kind="stable")].tolist()
    result = Sweep(
        tracker=tracker, reference=reference, protocol=protocol, settings=asdict(kinds[0]),
        swept={name: list(dict.fromkeys(values)) for name, values in swept.items()}, rows=rows, best=_best(rows),
        held_out=held_out(sums, scenes), scenes=len(set(scenes)), sequences=len(true.items),
        frames=int(true.length.sum()), detections=str(detections), detections_sha256=hashes(found.tracks),
        truth=str(truth), warnings=list(found.warnings), version=VERSION, command=command,
    )  # fmt: skip
    _write(folder, result, max_mb)
    return result


def _measured(seen: Tracks, true: Tracks, settings: Any, how: _How) -> Sums:
    """The addends of each sequence, over its classes, in order of the names."""
    said = associate(seen, settings, per_class=how.per_class, reference=how.reference, motion=how.motion,
                     threads=how.threads)  # fmt: skip
    said = fill_gaps(said) if how.interpolate else said
    return _by_sequence(match(true, said, rules=Rules(how.protocol), threads=how.threads))


def _by_sequence(evidence: Evidence) -> Sums:
    table = evidence.tables["counts"]
    start = table.starts(len(evidence))[:-1]
    return {name: np.add.reduceat(table[name], start, axis=0) for name in (*COUNTS, *SUMS)}


def _total(sums: Sums, chosen: Array | None = None) -> dict[str, Floats]:
    """Every number of some of the sequences (None: all) taken together."""
    return numbers({name: (values if chosen is None else values[chosen]).sum(axis=0) for name, values in sums.items()})


def _plain(found: Mapping[str, Floats]) -> dict[str, float | int | None]:
    whole = {number.key for number in NUMBERS if number.unit == "count"}
    return {
        key: None if not math.isfinite(value) else int(value) if key in whole else float(value)
        for key, value in found.items()
    }


def _best(rows: Sequence[SweepRow]) -> int | None:
    """The first of those with the highest value; None where there is none."""
    known = [(row.metrics[BY], -i) for i, row in enumerate(rows) if row.metrics[BY] is not None]
    return -max(known)[1] if known else None


def held_out(sums: Sequence[Sums], scenes: Sequence[str]) -> dict[str, float | int | None]:
    """Every number when each scene is tracked with the combination that is best on the others; {} for one scene.

    ``sums`` are the addends of each combination by sequence, ``scenes`` the scene of each sequence.
    """
    names = np.array(scenes)
    if len(set(scenes)) < 2:
        return {}
    together: list[Sums] = []
    for scene in dict.fromkeys(scenes):
        inside = names == scene
        values = [float(_total(one, ~inside)[BY]) for one in sums]
        best = int(np.argmax(np.nan_to_num(values, nan=-1.0)))
        together.append({name: column[inside].sum(axis=0) for name, column in sums[best].items()})
    return _plain(numbers({name: np.sum([one[name] for one in together], axis=0) for name in together[0]}))


# Files


def _write(folder: RunFolder, result: Sweep, max_mb: float) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*result.swept, *(number.key for number in NUMBERS)])
    for row in result.rows:
        values = [*row.settings.values(), *(row.metrics[number.key] for number in NUMBERS)]
        writer.writerow(["" if value is None else value for value in values])
    write_atomic(folder.path / "sweep.csv", stream.getvalue())
    write_atomic(folder.path / SWEEP_FILE, msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    write_report(folder, max_mb=max_mb)
