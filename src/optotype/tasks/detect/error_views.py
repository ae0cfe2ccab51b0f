"""What kinds of errors there are and what they cost: TIDE as charts and tables."""

from __future__ import annotations

from typing import Any

from optotype.box_geometry import SIZES
from optotype.metrics.tide.codes import ERROR_NAMES
from optotype.results import Result
from optotype.tasks.detect.tiding import BY_SIZE, ERRORS
from optotype.views import ROLES, Axis, Cell, Chart, Column, Link, Section, Series, Span, Table

_SHOWN = tuple(ERROR_NAMES)


def errors(result: Result) -> Section:
    """The section: bars by size, the types with their counts, and the variants side by side."""
    return Section(
        "errors",
        "What kinds of errors",
        [_bars(result), _types(result), _variants(result)],
        lead=(
            "AP points (0–100) at IoU 0.5 that would be gained if one kind of error were made good and all else stayed "
            "as it is (TIDE). The kinds overlap in effect, so that they do not add up."
        ),
    )


def by_size(result: Result) -> dict[str, dict[str, Any]]:
    """Numbers of protocol ``tide`` by size, all first."""
    sizes = result.errors["sizes"][f"tide/{BY_SIZE}"]
    return {"all": result.errors["tide"], **{size: sizes[size] for size in SIZES}}


def _bars(result: Result) -> Chart:
    places = [float(i) for i in range(len(_SHOWN))]
    series = []
    for role, (size, found) in zip(ROLES, by_size(result).items(), strict=False):
        cells = [found[key] for key in _SHOWN]
        values, low, high = ([c[part] for c in cells] for part in ("value", "low", "high"))
        series.append(Series(size, places, values, low, high, role=role))
    return Chart(
        "bar",
        Axis("kind of error", categories=list(_SHOWN)),
        Axis("AP points", 0.0, unit="points"),
        series,
        title="What each kind of error costs, by size of the object",
        caption=(
            "Whiskers: 95 % intervals; none for Both, which is too rare for one. Sizes by COCO's area ranges: objects "
            "outside are ignored, unmatched detections outside are dropped. FP and FN: all false detections, all "
            "missed objects at once."
        ),
        id="tide-bars",
    )


def _types(result: Result) -> Table:
    sizes = by_size(result)
    counts = {"all": result.errors["counts"]["tide"], **{s: sizes[s]["counts"] for s in SIZES}}
    columns = [
        Column("kind"),
        Column("what it is"),
        Column("cost, AP points", "points", "lower"),
        Column("errors", "integer", bar=True),
        *(Column(f"cost, {size}", "points", "lower") for size in SIZES),
    ]
    rows: list[list[Cell]] = []
    links: list[Link | None] = []
    for key in _SHOWN:
        spans = [Span(f[key]["value"], f[key]["low"], f[key]["high"]) for f in sizes.values()]
        rows.append([key, ERROR_NAMES[key], spans[0], counts["all"].get(key), *spans[1:]])
        links.append(Link("events", {"type": key}) if key in ERRORS else None)
    ignored = counts["all"]["ignored"]
    more = f" {ignored:,} more detections lie on ignored regions and count as neither right nor wrong." * bool(ignored)
    caption = f"Protocol ‘tide’ (tidecv 1.0.1). Click a row to see such errors.{more}"
    return Table(columns, rows, links, title="Kinds of errors", caption=caption, id="tide-types")


def _variants(result: Result) -> Table:
    """The same analysis under each convention, with how much each one looked at."""
    columns = [
        Column("convention"),
        Column("size"),
        Column("objects", "integer"),
        Column("detections", "integer"),
        Column("AP50", "points"),
        *(Column(key, "points") for key in _SHOWN),
    ]
    rows: list[list[Cell]] = []
    counts = result.errors["counts"]
    for name in ("tide", "tide-coco"):
        rows.append(_variant(name, "all", result.errors[name], counts[name]))
        for convention, of in result.errors["sizes"].items():
            if convention.split("/")[0] == name:
                rows += [_variant(convention, size, of[size], of[size]["counts"]) for size in SIZES]
    caption = (
        "‘tide’ is tidecv 1.0.1: the best 100 detections of an image, the mean over classes with objects or "
        "detections. ‘tide-coco’ agrees with COCO's AP50: the best 100 of each class, the mean over classes with "
        "objects. By size: ‘coco-range’ as AP by size; in ‘size-filter’ only boxes whose width × height is in the size "
        "exist, so that the counts add up to the whole."
    )
    return Table(columns, rows, title="The same under other conventions", caption=caption, id="tide-variants")


def _variant(name: str, size: str, found: dict[str, Any], counts: dict[str, int]) -> list[Cell]:
    numbers = [found[key]["value"] for key in ("AP50", *_SHOWN)]
    return [name, size, counts["truth"], counts["predictions"], *numbers]
