"""Typed pieces of a report. Tasks emit views; only the report draws them.

Every text is plain (never HTML) and may hold any Unicode. Numbers are carried unrounded; None means that the value does
not exist and is drawn as a dash. ``id`` is unique on the page where a view is the target of links.
"""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

import msgspec

Tone = Literal["good", "bad", "caution", "neutral"]
Unit = Literal["ratio", "points", "nats", "count", "seconds", "pixels", "plain"]
Kind = Literal["text", "integer", "ratio", "percent", "points", "number", "delta", "seconds", "picture", "colour"]
Role = Literal["train", "validation", "test", "ideal", "a", "b", "c", "d", "e", "f"]
ROLES: tuple[Role, ...] = ("a", "b", "c", "d", "e", "f")
"""Of series that stand beside each other, in their order."""


class Picture(msgspec.Struct, frozen=True):
    """An image file to show as a thumbnail whose longer side is ``size`` pixels; EXIF orientation is applied."""

    path: str
    size: int = 192


class Link(msgspec.Struct, frozen=True):
    """Opens a gallery of the page, filtered to the items whose facets have these values."""

    gallery: str
    filter: dict[str, str] = {}


class Sentence(msgspec.Struct, frozen=True):
    """One statement of a verdict; ``target`` is the id of the section or view that shows the numbers behind it."""

    text: str
    tone: Tone = "neutral"
    target: str = ""


class Verdict(msgspec.Struct, frozen=True, tag="verdict"):
    """Three to five sentences that a person reads first."""

    sentences: list[Sentence]


class Number(msgspec.Struct, frozen=True):
    """One headline number with its 95 % interval (None: no valid interval; ``note`` says why)."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unit: Unit = "ratio"
    better: Literal["higher", "lower", ""] = "higher"
    note: str = ""


class Numbers(msgspec.Struct, frozen=True, tag="numbers"):
    """Headline numbers as cards, with the protocol and n beneath them."""

    numbers: list[Number]
    caption: str = ""
    title: str = ""


class Ranged(Protocol):
    """A number with its interval: a metric, a difference."""

    @property
    def value(self) -> float | None:
        """None where it does not exist."""

    @property
    def low(self) -> float | None:
        """The interval's lower end."""

    @property
    def high(self) -> float | None:
        """Its upper end."""


class Span(msgspec.Struct, frozen=True):
    """A table's number with its interval; ``better`` colours a delta where its column does not."""

    value: float | None
    low: float | None = None
    high: float | None = None
    better: Literal["higher", "lower", ""] = ""

    @classmethod
    def of(cls, found: Ranged, better: Literal["higher", "lower", ""] = "") -> Span:
        """Of anything with a value and an interval."""
        return cls(found.value, found.low, found.high, better)


Cell: TypeAlias = str | int | float | Span | Picture | None


class Column(msgspec.Struct, frozen=True):
    """A table's column; ``bar`` draws a bar behind the number; ``better`` colours deltas shown not to be 0.

    Of the kind ``colour`` are texts such as ``#8040c0``, which are drawn as swatches.
    """

    label: str
    kind: Kind = "text"
    better: Literal["higher", "lower", ""] = ""
    bar: bool = False
    hint: str = ""


class Table(msgspec.Struct, frozen=True, tag="table"):
    """Rows that can be sorted by each column; ``links`` (one a row, or empty) open the images behind a row."""

    columns: list[Column]
    rows: list[list[Cell]]
    links: list[Link | None] = []
    title: str = ""
    caption: str = ""
    id: str = ""


class Matrix(msgspec.Struct, frozen=True, tag="matrix"):
    """Counts with truth in rows and prediction in columns; switchable to shares of the row or of the column.

    A cell opens ``gallery`` filtered to {row_facet: row name, column_facet: column name}. ``unit`` says what is
    counted, empty for nothing to say; its plural takes an -s. ``start`` is what is shown first.
    """

    names: list[str]
    counts: list[list[int]]
    row_label: str = "truth"
    column_label: str = "prediction"
    gallery: str = ""
    row_facet: str = "truth"
    column_facet: str = "prediction"
    title: str = ""
    caption: str = ""
    id: str = ""
    unit: str = ""
    start: Literal["counts", "rows", "columns"] = "counts"


class Axis(msgspec.Struct, frozen=True):
    """``low``/``high`` None: from the data; ``categories``: the x positions 0, 1, … have these names."""

    label: str
    low: float | None = None
    high: float | None = None
    scale: Literal["linear", "log"] = "linear"
    unit: Unit = "plain"
    categories: list[str] = []


class Series(msgspec.Struct, frozen=True):
    """Points (x, y) with optional intervals; ``role`` picks colour and dash the same way on every chart.

    Of series with a ``group`` a chart shows one group at a time, chosen from a list; those without are always there.
    """

    name: str
    x: list[float]
    y: list[float | None]
    low: list[float | None] = []
    high: list[float | None] = []
    role: Role = "a"
    group: str = ""


class Mark(msgspec.Struct, frozen=True):
    """A labelled vertical line, such as the best epoch."""

    x: float
    label: str


class Chart(msgspec.Struct, frozen=True, tag="chart"):
    """Lines, grouped bars or dots with intervals."""

    kind: Literal["line", "bar", "dots"]
    x: Axis
    y: Axis
    series: list[Series]
    marks: list[Mark] = []
    title: str = ""
    caption: str = ""
    id: str = ""


class GalleryItem(msgspec.Struct, frozen=True):
    """One image of a gallery; ``facets`` can be filtered by, ``facts`` are (label, text) pairs shown beside it."""

    title: str
    picture: Picture | None
    facets: dict[str, str] = {}
    facts: list[tuple[str, str]] = []
    tone: Tone = "neutral"


class Gallery(msgspec.Struct, frozen=True, tag="gallery"):
    """Images that can be filtered by each facet; the order given is the order shown."""

    id: str
    items: list[GalleryItem]
    facets: list[str] = []
    title: str = ""
    caption: str = ""


class Tile(msgspec.Struct, frozen=True):
    """One image of a sheet with a line beneath it."""

    picture: Picture
    label: str = ""


class Sheet(msgspec.Struct, frozen=True, tag="sheet"):
    """A fixed sheet of images, such as one training batch; ``per_row`` 0 lets the width decide."""

    tiles: list[Tile]
    per_row: int = 0
    title: str = ""
    caption: str = ""


BoxRole = Literal["truth", "missed", "right", "wrong", "ignored"]
"""``truth``: an object that was found; ``missed``: one that was not; ``right``, ``wrong``: a detection; ``ignored``: a
crowd region, or a detection that does not count."""


class Drawn(msgspec.Struct, frozen=True):
    """Boxes over an image as columns, one value a box, in pixels of the image.

    ``label`` is an index into the view's ``names``; ``score`` is None for objects of the truth; ``note`` is a short
    text such as the type of an error, empty for none; a missed object with a note comes before all other boxes.
    """

    x: list[float]
    y: list[float]
    w: list[float]
    h: list[float]
    label: list[int]
    score: list[float | None]
    role: list[BoxRole]
    note: list[str]


class Frame(msgspec.Struct, frozen=True):
    """One image of ``width`` × ``height`` pixels with boxes drawn over it; without a picture on a blank canvas.

    ``focus`` (x, y, w, h) is the part that is shown first; None: the whole image.
    """

    title: str
    width: int
    height: int
    drawn: Drawn
    picture: Picture | None = None
    focus: tuple[float, float, float, float] | None = None
    facets: dict[str, str] = {}
    facts: list[tuple[str, str]] = []
    tone: Tone = "neutral"


class Frames(msgspec.Struct, frozen=True, tag="frames"):
    """Images with their boxes; can be filtered by facet; the order given is the order shown.

    Detections with a score below the slider's are hidden; it begins at ``threshold``. ``unit`` says what a frame is:
    an image, or something of which an image may have several, such as an error; its plural takes an -s.
    """

    id: str
    frames: list[Frame]
    names: list[str]
    facets: list[str] = []
    threshold: float = 0.0
    title: str = ""
    caption: str = ""
    unit: str = "image"


NO_CLASS = -1
"""In label maps: no class, as of pixels that nobody labelled."""


class Areas(msgspec.Struct, frozen=True):
    """A label map as runs of equal pixels, row by row: columns, one value a run.

    ``label`` is an index into the view's ``names``, or NO_CLASS; the lengths add up to ``width`` × ``height``, which
    may be fewer pixels than the image has.
    """

    width: int
    height: int
    label: list[int]
    length: list[int]


class Labelled(msgspec.Struct, frozen=True):
    """One image of ``width`` × ``height`` pixels with a label map of the truth and one of a prediction.

    ``focus`` is the class that it is about, an index into the view's ``names``; NO_CLASS: all of them.
    """

    title: str
    width: int
    height: int
    truth: Areas
    said: Areas
    picture: Picture | None = None
    focus: int = NO_CLASS
    facets: dict[str, str] = {}
    facts: list[tuple[str, str]] = []
    tone: Tone = "neutral"


class LabelMaps(msgspec.Struct, frozen=True, tag="maps"):
    """Images with label maps over them: image, truth, prediction, and where these differ; can be filtered by facet.

    ``colours`` are R, G, B of each of the ``names``. ``unit`` says what an entry is; its plural takes an -s.
    """

    id: str
    frames: list[Labelled]
    names: list[str]
    colours: list[tuple[int, int, int]]
    facets: list[str] = []
    title: str = ""
    caption: str = ""
    unit: str = "image"


class Note(msgspec.Struct, frozen=True, tag="note"):
    """Sentences set apart, such as warnings."""

    texts: list[str]
    tone: Tone = "neutral"
    title: str = ""


class Code(msgspec.Struct, frozen=True, tag="code"):
    """A command or file to copy."""

    text: str
    title: str = ""


class Cloud(msgspec.Struct, frozen=True):
    """Points of a scatter that share a split and a marker: columns, one value a point."""

    name: str
    x: list[float]
    y: list[float]
    z: list[float]
    colour: list[int]
    title: list[str]
    picture: list[Picture | None]
    wrong: list[bool]


class Scatter(msgspec.Struct, frozen=True, tag="scatter"):
    """Points in the plane, or in space where ``z`` is filled (turned by dragging); a point shows its image.

    ``colour`` of a point is an index into ``names``; ``wrong`` points are ringed. ``clouds`` (train, validation …) and
    names can be switched off one by one.
    """

    id: str
    names: list[str]
    clouds: list[Cloud]
    dimensions: Literal[2, 3] = 2
    title: str = ""
    caption: str = ""


class Reading(msgspec.Struct, frozen=True):
    """A measured property of a case against its class: ``share`` of the class that lies below it, 0–1."""

    label: str
    value: str
    share: float | None = None
    text: str = ""


class Case(msgspec.Struct, frozen=True):
    """One mistake laid open: the image, what the model looked at, facts, neighbours, and what is unusual about it.

    ``overlay`` is a greyscale heat map of any size, drawn over the picture on request; ``badges`` are short marks such
    as ‘label suspect’.
    """

    title: str
    picture: Picture | None
    overlay: Picture | None = None
    facts: list[tuple[str, str]] = []
    badges: list[tuple[str, Tone]] = []
    neighbours: list[Tile] = []
    readings: list[Reading] = []
    facets: dict[str, str] = {}


class Cases(msgspec.Struct, frozen=True, tag="cases"):
    """Mistakes one by one; can be filtered by facet; the order given is the order shown."""

    id: str
    cases: list[Case]
    facets: list[str] = []
    title: str = ""
    caption: str = ""


class Moment(msgspec.Struct, frozen=True):
    """Something that happened on a lane in one frame: ``kind`` is an index into the view's ``kinds``."""

    frame: int
    kind: int
    text: str = ""


class Lane(msgspec.Struct, frozen=True):
    """One object over the frames of its sequence, as runs of frames: columns, one value a run, in order.

    A run goes from frame ``first`` to ``last``, both in it; ``by`` is an index into ``names`` (who has the object
    then), −1 while the object is there and nobody has it; ``note`` says why, empty for nothing to say. Frames outside
    of all runs: the object is not there. Frames are counted from 1; the sequence ``group`` has ``length`` of them.
    """

    title: str
    group: str
    length: int
    first: list[int]
    last: list[int]
    by: list[int]
    note: list[str]
    names: list[str]
    moments: list[Moment] = []
    facets: dict[str, str] = {}
    facts: list[tuple[str, str]] = []
    link: Link | None = None


class Timeline(msgspec.Struct, frozen=True, tag="timeline"):
    """Lanes beneath each other, frames from left to right; can be filtered by facet; the order given is that shown.

    The first ``rows`` lanes are shown until more are asked for. ``unit`` says what a lane is; its plural takes an -s.
    """

    id: str
    lanes: list[Lane]
    kinds: list[str]
    facets: list[str] = []
    rows: int = 30
    title: str = ""
    caption: str = ""
    unit: str = "track"


View: TypeAlias = (
    Verdict
    | Numbers
    | Table
    | Matrix
    | Chart
    | Gallery
    | Sheet
    | Frames
    | LabelMaps
    | Scatter
    | Cases
    | Timeline
    | Note
    | Code
)


class Section(msgspec.Struct, frozen=True):
    """A headed part of the page with an entry in the side navigation."""

    id: str
    title: str
    views: list[View]
    lead: str = ""


class Page(msgspec.Struct, frozen=True):
    """A whole report."""

    title: str
    sections: list[Section]
    subtitle: str = ""
