"""A page of views as Markdown or as LaTeX: its words and numbers, charts as tables; images are only counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from optotype.report import markup
from optotype.report.boxes import ROLES, shown_roles
from optotype.report.markup import Block, Heading, Paragraph, Points, Rows, Verbatim
from optotype.report.numbers import amount, cell, decimals
from optotype.views import (
    BoxRole,
    Case,
    Cases,
    Chart,
    Code,
    Column,
    Frames,
    Gallery,
    LabelMaps,
    Matrix,
    Note,
    Number,
    Numbers,
    Page,
    Picture,
    Scatter,
    Series,
    Sheet,
    Span,
    Table,
    Timeline,
    Verdict,
    View,
)

ROLE_WORDS: dict[BoxRole, str] = {
    "truth": "found",
    "missed": "missed",
    "right": "right",
    "wrong": "wrong",
    "ignored": "not counted",
}


def markdown(page: Page) -> str:
    """The page as GitHub's Markdown; text from outside cannot become markup."""
    return "\n\n".join(markup.markdown(block) for block in _blocks(page)) + "\n"


def latex(page: Page) -> str:
    """The page as LaTeX to be included in a document; needs no package, and UTF-8 where names do."""
    return "\n\n".join(markup.latex(block) for block in _blocks(page)) + "\n"


def _blocks(page: Page) -> Iterator[Block]:
    yield Heading(page.title or "Report", 1)
    if page.subtitle:
        yield Paragraph(page.subtitle)
    for section in page.sections:
        yield Heading(section.title, 2)
        if section.lead:
            yield Paragraph(section.lead)
        for view in section.views:
            title = getattr(view, "title", "")
            if title:
                yield Heading(title, 3)
            yield from _CONTENT[type(view)](view)
            caption = getattr(view, "caption", "")
            if caption:
                yield Paragraph(caption)


def _verdict(view: Verdict) -> Iterator[Block]:
    yield Points([sentence.text for sentence in view.sentences])


def _numbers(view: Numbers) -> Iterator[Block]:
    rows = [[number.label, *_number(number), number.note] for number in view.numbers]
    header, right = ["", "value", "95 % interval", "note"], [False, True, True, False]
    filled = [place for place in range(4) if place < 2 or any(row[place] for row in rows)]
    yield Rows([header[i] for i in filled], [[row[i] for i in filled] for row in rows], [right[i] for i in filled])


def _number(number: Number) -> list[str]:
    digits = decimals(number.low, number.high)
    value = amount(number.value, number.unit, digits)
    if number.low is None or number.high is None:
        return [value, ""]
    return [value, f"{amount(number.low, number.unit, digits)} to {amount(number.high, number.unit, digits)}"]


def _table(view: Table) -> Iterator[Block]:
    shown = [place for place, column in enumerate(view.columns) if column.kind not in ("picture", "colour")]
    columns = [view.columns[place] for place in shown]
    rows = [[_cell(row[place], view.columns[place]) for place in shown] for row in view.rows]
    yield Rows([column.label for column in columns], rows, [column.kind != "text" for column in columns])


def _cell(value: Any, column: Column) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Picture):
        return ""
    kind = "number" if column.kind == "text" else column.kind
    if isinstance(value, Span):
        text = cell(value.value, kind, pad=value.low is not None and value.high is not None)
        return (
            text
            if value.low is None or value.high is None
            else f"{text} ({cell(value.low, kind, pad=True)} to {cell(value.high, kind, pad=True)})"
        )
    return cell(value, kind)


def _matrix(view: Matrix) -> Iterator[Block]:
    corner = f"{view.row_label} ↓ / {view.column_label} →"
    rows = [[name, *(f"{count:,}" for count in row)] for name, row in zip(view.names, view.counts, strict=True)]
    yield Rows([corner, *view.names], rows, [False, *(True for _ in view.names)])


def _chart(view: Chart) -> Iterator[Block]:
    groups = list(dict.fromkeys(series.group for series in view.series if series.group))
    shown = [series for series in view.series if series.group in ("", *groups[:1])]
    if groups:
        yield Paragraph(f"Of {groups[0]}{_others(len(groups) - 1)}.")
    yield _chart_rows(view, shown)
    if view.marks:
        yield Paragraph("; ".join(f"{mark.label}: {view.x.label} {amount(mark.x, 'plain')}" for mark in view.marks))


def _others(count: int) -> str:
    return f"; report.html can show {count:,} more in its place" if count else ""


def _chart_rows(view: Chart, shown: list[Series]) -> Rows:
    rows = []
    columns = [dict(zip(series.x, series.y, strict=True)) for series in shown]
    for x in sorted({x for series in shown for x in series.x}):
        name = (
            view.x.categories[int(x)] if view.x.categories and int(x) < len(view.x.categories) else amount(x, "plain")
        )
        rows.append([name, *(amount(column.get(x), view.y.unit) for column in columns)])
    header = [view.x.label, *(series.name for series in shown)]
    return Rows(header, rows, [not view.x.categories, *(True for _ in shown)])


def _gallery(view: Gallery) -> Iterator[Block]:
    yield Paragraph(f"{len(view.items):,} images, shown in report.html.")


def _frames(view: Frames) -> Iterator[Block]:
    """How many boxes of each role every image has, at the threshold at which the view begins."""
    counts = [shown_roles(frame.drawn, view.threshold) for frame in view.frames]
    roles = [role for role in ROLES if any(count[role] for count in counts)]
    labels = list(dict.fromkeys(label for frame in view.frames for label, _ in frame.facts))
    rows = [
        [frame.title, *(dict(frame.facts).get(label, "") for label in labels), *(f"{count[role]:,}" for role in roles)]
        for frame, count in zip(view.frames, counts, strict=True)
    ]
    words = [ROLE_WORDS[role] for role in roles]
    yield Rows([view.unit, *labels, *words], rows, [False, *(False for _ in labels), *(True for _ in roles)])
    scored = f"Detections with a score of at least {amount(view.threshold, 'plain')} are counted. "
    yield Paragraph(f"{scored if view.threshold else ''}The images with these boxes are shown in report.html.")


def _maps(view: LabelMaps) -> Iterator[Block]:
    """What is known of every entry; its label maps cannot be told in words."""
    labels = list(dict.fromkeys(label for entry in view.frames for label, _ in entry.facts))
    rows = [[entry.title, *(dict(entry.facts).get(label, "") for label in labels)] for entry in view.frames]
    yield Rows([view.unit, *labels], rows, [False for _ in range(len(labels) + 1)])
    yield Paragraph("The images with their label maps are shown in report.html.")


def _sheet(view: Sheet) -> Iterator[Block]:
    yield Paragraph(f"A sheet of {len(view.tiles):,} images, shown in report.html.")


def _scatter(view: Scatter) -> Iterator[Block]:
    """How many points each name has in each cloud, and how many of them are wrong."""
    header, columns = [""], []
    for cloud in view.clouds:
        header += [cloud.name, f"{cloud.name}, wrong"]
        columns.append(Counter(cloud.colour))
        columns.append(Counter(code for code, wrong in zip(cloud.colour, cloud.wrong, strict=True) if wrong))
    rows = [[name, *(f"{column[code]:,}" for column in columns)] for code, name in enumerate(view.names)]
    yield Rows(header, rows, [False, *(True for _ in columns)])
    yield Paragraph(f"A picture of these points in {view.dimensions} dimensions is in report.html.")


def _cases(view: Cases) -> Iterator[Block]:
    labels = list(dict.fromkeys(label for case in view.cases for label, _ in case.facts))
    rows = [[case.title, *(dict(case.facts).get(label, "") for label in labels), _remarks(case)] for case in view.cases]
    yield Rows(["", *labels, "unusual"], rows, [False for _ in range(len(labels) + 2)])
    yield Paragraph(f"The images of these {len(view.cases):,} cases are shown in report.html.")


def _remarks(case: Case) -> str:
    readings = [f"{reading.label} {reading.value}{reading.text and f' ({reading.text})'}" for reading in case.readings]
    return "; ".join([*(badge for badge, _ in case.badges), *readings])


def _timeline(view: Timeline) -> Iterator[Block]:
    """What is known of the lanes that are shown first."""
    shown = view.lanes[: view.rows]
    labels = list(dict.fromkeys(label for lane in shown for label, _ in lane.facts))
    rows = [[lane.title, *(dict(lane.facts).get(label, "") for label in labels)] for lane in shown]
    yield Rows([view.unit, *labels], rows, [False for _ in range(len(labels) + 1)])
    more = len(view.lanes) - len(shown)
    yield Paragraph(
        f"{f'{more:,} more {view.unit}s and all' if more else 'All'} their frames are shown in report.html."
    )


def _note(view: Note) -> Iterator[Block]:
    yield Points(view.texts)


def _code(view: Code) -> Iterator[Block]:
    yield Verbatim(view.text)


_CONTENT: dict[type[View], Callable[[Any], Iterator[Block]]] = {
    Verdict: _verdict,
    Numbers: _numbers,
    Table: _table,
    Matrix: _matrix,
    Chart: _chart,
    Gallery: _gallery,
    Frames: _frames,
    LabelMaps: _maps,
    Sheet: _sheet,
    Scatter: _scatter,
    Cases: _cases,
    Timeline: _timeline,
    Note: _note,
    Code: _code,
}
