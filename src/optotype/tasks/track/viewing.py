"""The sections of the report about one tracker, and its verdict in words."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from optotype.evidence import Evidence
from optotype.metrics.intervals import FEWEST_GROUPS
from optotype.results import Metric, Result, SliceResult
from optotype.tasks.headline import headline
from optotype.tasks.track.class_views import classes
from optotype.tasks.track.codes import CAUSE_NAMES, CAUSES
from optotype.tasks.track.curve_views import curves
from optotype.tasks.track.event_views import CONDITIONS, conditions, event_frames, events
from optotype.tasks.track.frames import Film, Pictures, Shown
from optotype.tasks.track.timeline import Lives, timeline
from optotype.tasks.wording import percent, plural, quoted
from optotype.views import Axis, Cell, Chart, Column, Link, Section, Sentence, Series, Sheet, Span, Table, Tile, View

LABELS = {
    "HOTA": "HOTA", "DetA": "DetA, detection", "AssA": "AssA, association", "LocA": "LocA, box fit",
    "DetRe": "DetRe, boxes found", "DetPr": "DetPr, boxes right", "AssRe": "AssRe, tracks held",
    "AssPr": "AssPr, identities pure", "MOTA": "MOTA", "MOTP": "MOTP, mean IoU", "MT": "MT, mostly tracked",
    "PT": "PT, partly tracked", "ML": "ML, mostly lost", "IDSW": "IDSW, switches",
    "Frag": "Frag, fragmentations", "FP": "FP, false boxes", "FN": "FN, missed boxes", "IDF1": "IDF1",
    "IDP": "IDP, identity precision", "IDR": "IDR, identity recall",
}  # fmt: skip
SHARES = ("HOTA", "DetA", "AssA", "MOTA", "IDF1")
COUNTS = ("IDSW", "Frag", "FP", "FN", "MT", "ML")
ALIKE = 0.02
"""DetA and AssA that differ by less cost alike."""
RARE = 0.05
"""A cause of a smaller share of events is not worth a sentence beside the commonest."""
MUCH = 0.05
"""A difference in recall between conditions that is worth saying."""
_BY = {
    "density": "how many objects are in the frame", "occlusion": "how much of an object is hidden",
    "speed": "how fast an object moves", "size": "the size of an object", "camera": "how fast the camera moves",
}  # fmt: skip
MOST_FIRST = 40
"""First frames shown."""
_SIZE = 320


def verdict(result: Result, evidence: Evidence) -> list[Sentence]:
    """Up to seven sentences: how good, what it costs, why, where, under which conditions, and what cannot be shown."""
    why = [_commonest(result, "IDSW", "identity switches"), _commonest(result, "FN", "runs of missed boxes")]
    found = [_how_good(result, evidence), _errors(result), *why, _worst(result), _condition(result), _caveat(result)]
    return [s for s in found if s is not None]


def sections(result: Result, evidence: Evidence, picture: Pictures) -> list[Section]:
    """Sections ``numbers``, ``events-section``, ``conditions``, ``sequences``, ``classes``, ``curves``, ``images``."""
    shown, lives = Shown(evidence, Film(picture)), Lives.of(evidence)
    frames, linked = event_frames(shown, lives)
    found = [_numbers(result, evidence), events(result)]
    if (under := conditions(result)) is not None:
        found.append(under)
    found.append(_sequences(result, evidence, shown, lives, linked))
    if len(result.per_class) > 1:
        found.append(classes(result))
    found.append(curves(result, evidence))
    return [*found, Section("images", frames.title, [frames])] if frames.frames else found


def _how_good(result: Result, evidence: Evidence) -> Sentence:
    hota, det, ass = result["HOTA"], result["DetA"], result["AssA"]
    if hota.value is None or det.value is None or ass.value is None or not result.n.truth:
        return Sentence("There are no objects in the truth, so that no HOTA exists.", "bad", "numbers")
    ids = int(evidence["counts"]["truth_ids"].sum())
    much = f"{plural(result.n.truth, 'box', 'boxes')} of {plural(ids, 'object')}"
    text = f"HOTA is {_three(hota)} over {plural(result.n.items, 'sequence')} with {much}: "
    if abs(det.value - ass.value) < ALIKE:
        text += f"detection (DetA {_three(det)}) and association (AssA {_three(ass)}) cost about alike."
    elif det.value < ass.value:
        text += f"detection costs more (DetA {_three(det)}) than association (AssA {_three(ass)})."
    else:
        text += f"association costs more (AssA {_three(ass)}) than detection (DetA {_three(det)})."
    return Sentence(text, "neutral", "numbers")


def _errors(result: Result) -> Sentence | None:
    n, missed, false, switches = result.n.truth, *(_value(result.metrics[k]) for k in ("FN", "FP", "IDSW"))
    matched = n - missed
    if not n:
        return None
    wrong = percent(false / max(matched + false, 1))
    per = f" ({1000 * switches / matched:.1f} per 1,000 matched boxes)" if matched else ""
    text = (
        f"It misses {percent(missed / n)} of the boxes and puts {wrong} of its own on nothing; identities switch "
        f"{plural(int(switches), 'time')}{per}. MOTA {_three(result['MOTA'])}, IDF1 {_three(result['IDF1'])}."
    )
    return Sentence(text, "neutral", "numbers")


def _commonest(result: Result, kind: str, what: str) -> Sentence | None:
    """What goes with most events of a type, where a cause is known at all."""
    found = result.errors["events"][kind]
    known = [(name, n) for name, n in found["causes"].items() if name != CAUSES[0]]
    if not known:
        return None
    total = found["events"]
    named = [(name, n) for name, n in known[:2] if n >= RARE * total] or known[:1]
    parts = [f"{percent(n / total, 0)} go with {quoted(name)} ({CAUSE_NAMES[name]})" for name, n in named]
    rest = f"{percent(found['unexplained'], 0)} fit no rule" if found["unexplained"] else "all fit a rule"
    text = f"Of {total:,} {what} {', '.join(parts)}; {rest}."
    return Sentence(text, "caution", "event-causes")


def _worst(result: Result) -> Sentence | None:
    rows = [row for row in result.slices.get("sequence", []) if row.n and row.metrics["HOTA"].value is not None]
    if len(rows) < 2:
        return None
    least, best = (pick(rows, key=lambda row: _value(row.metrics["HOTA"])) for pick in (min, max))
    parts = " and ".join(f"{key} {_value(least.metrics[key]):.3f}" for key in ("DetA", "AssA"))
    text = (
        f"The worst sequence is {quoted(least.name)}: HOTA {_value(least.metrics['HOTA']):.3f} ({parts}); the best, "
        f"{quoted(best.name)}, reaches {_value(best.metrics['HOTA']):.3f}."
    )
    return Sentence(text, "caution", "sequence-table")


def _condition(result: Result) -> Sentence | None:
    """The condition over whose parts recall differs most, where that is much."""
    spread: list[tuple[float, str, SliceResult, SliceResult]] = []
    for name in CONDITIONS:
        rows = [row for row in result.slices.get(name, []) if row.metrics["recall"].value is not None]
        if len(rows) > 1:
            worst, best = (pick(rows, key=lambda row: _value(row.metrics["recall"])) for pick in (min, max))
            spread.append((_value(best.metrics["recall"]) - _value(worst.metrics["recall"]), name, worst, best))
    if not spread:
        return None
    most, name, worst, best = max(spread, key=lambda entry: entry[0])
    if most < MUCH:
        return None
    shares = [percent(_value(row.metrics["recall"])) for row in (worst, best)]
    where = ", ".join(f"{share} where it is {row.name}" for share, row in zip(shares, (worst, best), strict=True))
    text = f"Recall differs most by {_BY[name]}: {where}."
    return Sentence(text, "caution", f"condition-{name}")


def _caveat(result: Result) -> Sentence | None:
    if result.n.groups >= FEWEST_GROUPS:
        return None
    text = (
        f"With {plural(result.n.groups, 'independent scene')} there are no valid intervals: under {FEWEST_GROUPS} "
        "scenes resampling them gives intervals that are too narrow."
    )
    return Sentence(text, "caution", "numbers")


def _numbers(result: Result, evidence: Evidence) -> Section:
    n = result.n
    caption = (
        f"{plural(n.items, 'sequence')} of {plural(n.groups, 'independent scene')}, {plural(n.truth, 'box', 'boxes')} "
        f"of the truth, {plural(n.predictions, 'box', 'boxes')} of tracks. Protocol ‘{result.protocol['name']}’ (equal "
        "to TrackEval): HOTA is the mean over 19 thresholds, CLEAR and identity count at IoU 0.5; classes and "
        "sequences are added before anything is divided."
    )
    return headline(result, LABELS, caption, [_protocol(result, evidence)])


def _protocol(result: Result, evidence: Evidence) -> Table:
    """Every convention, and the rows that it drops."""
    rows: list[list[Cell]] = [
        [key.replace("_", " "), _words(value)] for key, value in result.protocol.items() if key != "intervals"
    ]
    for table, what in (("truth", "truth boxes passed over"), ("predictions", "boxes of tracks dropped")):
        kept = evidence[table]["kept"]
        rows.append([what, f"{int((~kept).sum()):,} of {len(kept):,}"])
    return Table([Column("rule"), Column("here")], rows, title="The protocol", id="protocol")


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "; ".join(f"{key.replace('_', ' ')}: {_words(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    return json.dumps(value)


def _sequences(result: Result, evidence: Evidence, shown: Shown, lives: Lives, linked: set[tuple[int, int]]) -> Section:
    views: list[View] = [_table(result, evidence)]
    if len(evidence) > 1:
        views += _sizes(evidence)
    tiles = _first_frames(shown)
    if tiles:
        views.append(Sheet(tiles, title="The first frame of each sequence"))
    return Section("sequences", "Sequence by sequence", [*views, timeline(evidence, lives, linked)])


def _table(result: Result, evidence: Evidence) -> Table:
    columns = [
        Column("sequence"),
        Column("frames", "integer"),
        Column("boxes", "integer"),
        *(Column(key, "ratio", "higher", bar=key == "HOTA") for key in SHARES),
        *(Column(key, "integer", hint=LABELS[key]) for key in COUNTS),
    ]
    length = dict(zip(evidence.keys.tolist(), evidence["sequences"]["length"].tolist(), strict=True))
    rows: list[list[Cell]] = []
    for row in result.slices.get("sequence", []):
        spans = [Span.of(m) for m in (row.metrics[key] for key in SHARES)]
        rows.append([row.name, length.get(row.name), row.n, *spans, *(row.metrics[key].value for key in COUNTS)])
    links: list[Link | None] = [Link("timeline", {"sequence": str(row[0])}) for row in rows]
    caption = "Click a column to sort by it, a sequence to see its objects over its frames."
    return Table(columns, rows, links, title="Each sequence", caption=caption, id="sequence-table")


def _sizes(evidence: Evidence) -> list[Chart]:
    """Frames and boxes of each sequence."""
    names, n = [str(key) for key in evidence.keys], len(evidence)
    x = [float(i) for i in range(n)]
    frames = evidence["sequences"]["length"].astype(float).tolist()
    truth, said = (np.bincount(evidence[t].item[evidence[t]["kept"]], minlength=n) for t in ("truth", "predictions"))
    boxes = [
        Series("truth", x, truth.astype(float).tolist()),
        Series("tracks", x, said.astype(float).tolist(), role="b"),
    ]
    axis = Axis("sequence", categories=names)
    return [
        Chart("bar", axis, Axis("frames", 0.0, unit="count"), [Series("frames", x, frames)], title="Frames"),
        Chart("bar", axis, Axis("boxes", 0.0, unit="count"), boxes, title="Boxes that count"),
    ]


def _first_frames(shown: Shown) -> list[Tile]:
    keys = [str(key) for key in shown.evidence.keys[:MOST_FIRST]]
    pictures = [(key, shown.film.of(key, 1, _SIZE)) for key in keys]
    return [Tile(picture, key) for key, picture in pictures if picture is not None]


def _three(metric: Metric) -> str:
    text = "–" if metric.value is None else f"{metric.value:.3f}"
    return text if metric.low is None else f"{text} [{metric.low:.3f}, {metric.high:.3f}]"


def _value(metric: Metric) -> float:
    return metric.value or 0.0
