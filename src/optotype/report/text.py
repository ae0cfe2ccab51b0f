"""A page of views as Markdown or as LaTeX: its words and numbers, charts as tables; images are only counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from optotype.report.numbers import amount, cell, decimals
from optotype.report.payload import printable
from optotype.views import (
    Chart,
    Code,
    Column,
    Gallery,
    Matrix,
    Note,
    Number,
    Numbers,
    Page,
    Picture,
    Sheet,
    Span,
    Table,
    Verdict,
    View,
)

_SENTENCE_LENGTH = 2_000


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 (the page) to 3 (a view)."""

    text: str
    level: int


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list."""

    texts: list[str]


@dataclass(frozen=True)
class Rows:
    """A table; ``right`` says which columns are numbers."""

    header: list[str]
    rows: list[list[str]]
    right: list[bool]


@dataclass(frozen=True)
class Verbatim:
    """Text to keep as it is."""

    text: str


Block: TypeAlias = Heading | Paragraph | Points | Rows | Verbatim


def markdown(page: Page) -> str:
    """The page as GitHub's Markdown; text from outside cannot become markup."""
    return "\n\n".join(_markdown(block) for block in _blocks(page)) + "\n"


def latex(page: Page) -> str:
    """The page as LaTeX to be included in a document; needs no package, and UTF-8 where names do."""
    return "\n\n".join(_latex(block) for block in _blocks(page)) + "\n"


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
    yield Rows(["", "value", "95 % interval", "note"], rows, [False, True, True, False])


def _number(number: Number) -> list[str]:
    digits = decimals(number.low, number.high)
    value = amount(number.value, number.unit, digits)
    if number.low is None or number.high is None:
        return [value, ""]
    return [value, f"{amount(number.low, number.unit, digits)} – {amount(number.high, number.unit, digits)}"]


def _table(view: Table) -> Iterator[Block]:
    shown = [place for place, column in enumerate(view.columns) if column.kind != "picture"]
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
            else f"{text} ({cell(value.low, kind, pad=True)} – {cell(value.high, kind, pad=True)})"
        )
    return cell(value, kind)


def _matrix(view: Matrix) -> Iterator[Block]:
    corner = f"{view.row_label} ↓ / {view.column_label} →"
    rows = [[name, *(f"{count:,}" for count in row)] for name, row in zip(view.names, view.counts, strict=True)]
    yield Rows([corner, *view.names], rows, [False, *(True for _ in view.names)])


def _chart(view: Chart) -> Iterator[Block]:
    places = sorted({x for series in view.series for x in series.x})
    rows = []
    for x in places:
        name = (
            view.x.categories[int(x)] if view.x.categories and int(x) < len(view.x.categories) else amount(x, "plain")
        )
        found = [dict(zip(series.x, series.y, strict=True)).get(x) for series in view.series]
        rows.append([name, *(amount(value, view.y.unit) for value in found)])
    yield Rows(
        [view.x.label, *(series.name for series in view.series)],
        rows,
        [not view.x.categories, *(True for _ in view.series)],
    )
    if view.marks:
        yield Paragraph("; ".join(f"{mark.label}: {view.x.label} {amount(mark.x, 'plain')}" for mark in view.marks))


def _gallery(view: Gallery) -> Iterator[Block]:
    yield Paragraph(f"{len(view.items):,} images, shown in report.html.")


def _sheet(view: Sheet) -> Iterator[Block]:
    yield Paragraph(f"A sheet of {len(view.tiles):,} images, shown in report.html.")


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
    Sheet: _sheet,
    Note: _note,
    Code: _code,
}


def _line(text: str) -> str:
    """One line of bounded length, without control characters."""
    flat = re.sub(r"[\s\x00-\x1f\x7f]+", " ", printable(text)).strip()
    return (
        flat if len(flat) <= _SENTENCE_LENGTH else f"{flat[: _SENTENCE_LENGTH // 2]} … {flat[-_SENTENCE_LENGTH // 2 :]}"
    )


def _kept(text: str) -> list[str]:
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "\ufffd", printable(text)).split("\n")


def _md(text: str) -> str:
    r"""Text in which nothing is markup.

    >>> _md("a|b <script> *c*")
    'a\\|b &lt;script&gt; \\*c\\*'
    """
    escaped = re.sub(r"([\\`*_{}\[\]|~])", r"\\\1", _line(text))
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"^(\d*)([#+\-=.)])(?!\d)", r"\1\\\2", escaped)


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {_md(text)}"
        case Paragraph(text):
            return _md(text)
        case Points(texts):
            return "\n".join(f"- {_md(text)}" for text in texts)
        case Rows(header, rows, right):
            lines = [[_md(text) for text in row] for row in [header, *rows]]
            rule = ["---:" if number else "---" for number in right]
            return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])
        case Verbatim(text):
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
            return "\n".join([fence, *_kept(text), fence])


_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "−": "$-$",
    "→": r"$\rightarrow$",
    "↓": r"$\downarrow$",
}


def _tex(text: str) -> str:
    r"""Text in which nothing is a command.

    >>> _tex("50 % of a_b")
    '50 \\% of a\\_b'
    """
    return "".join(_TEX.get(character, character) for character in _line(text))


def _latex(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"\\{('section', 'subsection', 'subsubsection')[level - 1]}*{{{_tex(text)}}}"
        case Paragraph(text):
            return _tex(text)
        case Points(texts):
            points = [f"  \\item {{}}{_tex(text)}" for text in texts] or [r"  \item {}"]
            return "\n".join([r"\begin{itemize}", *points, r"\end{itemize}"])
        case Rows(header, rows, right):
            return _tabular(header, rows, right)
        case Verbatim(text):
            lines = [_tex(line) or "~" for line in _kept(text)]
            return "\\begin{flushleft}\n\\ttfamily\n" + " \\\\\n".join(lines) + "\n\\end{flushleft}"


def _tabular(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    columns = "".join("r" if number else "l" for number in right)
    # braces keep a cell that starts with '[' from being read as an option of the line break before it
    lines = [" & ".join(f"{{{_tex(text)}}}" for text in row) + r" \\" for row in [header, *rows]]
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{columns}}}",
            r"\hline",
            lines[0],
            r"\hline",
            *lines[1:],
            r"\hline",
            r"\end{tabular}",
        ]
    )
