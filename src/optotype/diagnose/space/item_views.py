"""What the report shows of single items: mistakes one by one, and labels to check."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from optotype.diagnose.space.records import Mistake, Space, Suspect
from optotype.diagnose.space.wording import split_name
from optotype.tasks.wording import plural
from optotype.views import Case, Cases, Cell, Column, Picture, Reading, Section, Table, Tile, Tone

Pictures: TypeAlias = Callable[[str], Picture | None]
"""Item key → its image."""
Readings: TypeAlias = Callable[[str], Sequence[Reading]]
"""Item key → its conditions against its class."""

TILE_PIXELS = 96


def mistake_section(space: Space, picture: Pictures, readings: Readings, overlays: Pictures) -> Section:
    """Section ``mistakes``: a case for each recorded mistake."""
    marked = any(overlays(mistake.key) for mistake in space.mistakes)
    cases = [_case(mistake, picture, readings, overlays) for mistake in space.mistakes]
    shown = (
        f"All {plural(space.mistakes_total, 'mistake')}"
        if len(cases) == space.mistakes_total
        else f"{len(cases):,} of {plural(space.mistakes_total, 'mistake')}, every class by turns"
    )
    caption = f"{shown}, the surest first. " + (
        "Heat map: the places that speak for the predicted class (Grad-CAM); empty where none does. " if marked else ""
    )
    if space.dimensions:
        caption += f"Beside each: the nearest {split_name(space.centroids_of)} images with their distance."
    view = Cases("mistakes-cases", cases, ["truth", "predicted", "label"], title="Mistakes one by one", caption=caption)
    return Section("mistakes", "Each mistake laid open", [view])


def _case(mistake: Mistake, picture: Pictures, readings: Readings, overlays: Pictures) -> Case:
    facts = [("truth", mistake.truth), ("predicted", mistake.predicted)]
    facts += [
        (label, text)
        for label, text in (
            ("confidence", _ratio(mistake.confidence)),
            ("margin over the truth", _ratio(mistake.margin)),
            ("distance to true class", distance_text(mistake.to_true)),
            ("distance to predicted class", distance_text(mistake.to_predicted)),
        )
        if text
    ]
    return Case(
        mistake.key,
        picture(mistake.key),
        overlays(mistake.key),
        facts,
        _badges(mistake),
        [
            Tile(shown, f"{neighbour.label}, {distance_text(neighbour.distance)}")
            for neighbour in mistake.neighbours
            if (shown := small(picture(neighbour.key)))
        ],
        list(readings(mistake.key)),
        {
            "truth": mistake.truth,
            "predicted": mistake.predicted,
            "label": "in doubt" if mistake.suspect else "not in doubt",
        },
    )


def _badges(mistake: Mistake) -> list[tuple[str, Tone]]:
    badges: list[tuple[str, Tone]] = [("label suspect", "caution")] if mistake.suspect else []
    if mistake.to_true is not None and mistake.to_predicted is not None:
        near = mistake.to_predicted < mistake.to_true
        badges.append(("nearer to the predicted class" if near else "nearer to its own class", "neutral"))
    return badges


def suspect_section(space: Space, picture: Pictures) -> Section:
    """Section ``suspects``: the labels that may be wrong."""
    listed = space.suspects or []
    columns = [
        Column("image", "picture"),
        Column("file"),
        Column("label"),
        Column("looks like"),
        Column("score of the label", "ratio"),
        Column("score of the other", "ratio"),
        Column("margin", "number", hint="score of the label minus the greatest other"),
    ]
    if space.dimensions:
        columns += [
            Column("near ones of the label", "integer", hint="of its five nearest training images"),
            Column("of the other", "integer", hint="of its five nearest training images"),
        ]
    rows: list[list[Cell]] = [_suspect(suspect, picture)[: len(columns)] for suspect in listed]
    cut = f"{len(listed)} of {space.suspects_total:,}" if len(listed) < space.suspects_total else f"All {len(listed)}"
    caption = (
        f"{cut}, the most suspicious first. Confident learning (Northcutt, Jiang and Chuang 2021) doubts "
        f"{plural(space.doubted, 'label')}: the model’s score for another class is at least its usual one for that "
        "class’s own images. "
    )
    if space.dimensions:
        caption += (
            "Of these, only the ones are listed whose nearest training images are of the other class rather than of "
            "the label’s. "
        )
    caption += "Some are just mistakes of the model: a person must decide."
    return Section("suspects", "Labels to check", [Table(columns, rows, caption=caption, id="suspect-table")])


def _suspect(suspect: Suspect, picture: Pictures) -> list[Cell]:
    s = suspect
    image = small(picture(s.key))
    return [
        image, s.key, s.given, s.suggested, s.score_given, s.score_suggested, s.margin, s.near_given, s.near_suggested
    ]  # fmt: skip


def distance_text(value: float | None) -> str:
    """A distance to four figures, or nothing.

    >>> distance_text(19.3), distance_text(0.01234), distance_text(1234567.0)
    ('19.30', '0.01234', '1,234,567')
    """
    if value is None:
        return ""
    whole = math.floor(math.log10(value)) if value > 0 else 0
    return f"{value:,.{max(0, 3 - whole)}f}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def small(picture: Picture | None, size: int = TILE_PIXELS) -> Picture | None:
    """The picture at another size."""
    return None if picture is None else msgspec.structs.replace(picture, size=size)
