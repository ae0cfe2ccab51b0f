"""Blocks of text as Markdown or as LaTeX, in which no text from outside can become markup or a command."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from optotype.report.payload import printable

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


def markdown(block: Block) -> str:
    """A block in GitHub's Markdown."""
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
    "ᵀ": r"$^\top$",
}


def _tex(text: str) -> str:
    r"""Text in which nothing is a command.

    >>> _tex("50 % of a_b")
    '50 \\% of a\\_b'
    """
    return "".join(_TEX.get(character, character) for character in _line(text))


def latex(block: Block) -> str:
    """A block in LaTeX that needs no package."""
    match block:
        case Heading(text, level):
            return f"\\{('section', 'subsection', 'subsubsection')[level - 1]}*{{{_tex(text)}}}"
        case Paragraph(text):
            return _tex(text)
        case Points(texts):
            points = [f"  \\item {{}}{_tex(text)}" for text in texts] or [r"  \item {}"]
            return "\n".join([r"\begin{itemize}", *points, r"\end{itemize}"])
        case Rows(header, rows, right):
            return _tabulars(header, rows, right)
        case Verbatim(text):
            lines = [_tex(line) or "~" for line in _kept(text)]
            return "\\begin{flushleft}\n\\ttfamily\n" + " \\\\\n".join(lines) + "\n\\end{flushleft}"


_PAGE, _WIDE = 45, 8
"""Rows that fit on a page, for a tabular cannot go on on the next; and columns that fit beside each other."""


def _tabulars(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    parts = [rows[start : start + _PAGE] for start in range(0, len(rows), _PAGE)] or [rows]
    text = "\n\n".join(_tabular(header, part, right) for part in parts)
    return f"{{\\scriptsize\\setlength{{\\tabcolsep}}{{3pt}}%\n{text}\n}}" if len(header) > _WIDE else text


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
