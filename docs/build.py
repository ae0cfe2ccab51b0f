"""Write the pages that are made: `python docs/build.py`; tests keep them current.

`commands.md` is the commands' own help. Each `theory/source/NAME.md` becomes `theory/NAME.md`: its ```python blocks are
run in order as one program, and what a block prints follows it as ```text. Words after `python` say more:

- `hidden`: run, neither the block nor what it prints is shown;
- `markdown`: what it prints is Markdown and goes into the page as it is; the block is not shown;
- `figure="what there is to see"`: the figure that it draws is saved as SVG and shown with this alternative text; the
  block is folded away below it.

`{{ expression:format }}` anywhere else, formulas too, is replaced by its value at that point of the program, written as
an f-string writes it. A reader can run the visible blocks of a page as they stand: the others define nothing they need.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCES = HERE / "theory" / "source"

PIECE = re.compile(
    r"^```python(?P<info>[^\n]*)\n(?P<code>.*?)^```$|\{\{ (?P<expression>[^{}]+?) \}\}", re.MULTILINE | re.DOTALL
)
FIGURE = re.compile(r'figure="([^"]+)"')
STYLE = {
    "svg.hashsalt": "optotype",
    "figure.figsize": (7.0, 3.6),
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.1,
    "figure.facecolor": "white",
    "font.size": 10.0,
    "axes.prop_cycle": "cycler('color', ['0072B2', 'D55E00', '009E73', 'CC79A7', '999999'])",  # Okabe and Ito
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "lines.linewidth": 1.8,
    "path.simplify": False,
    "legend.frameon": False,
}


def commands() -> str:
    """Every command's help, as it is printed at 100 columns."""
    from rich.console import Console

    from optotype.cli import COMMANDS, build

    parts = ["# Commands\n\nThis page is made from the commands' own help by `python docs/build.py`.\n"]
    for name in COMMANDS:
        stream = io.StringIO()
        console = Console(file=stream, width=100, color_system=None, force_terminal=False)
        with contextlib.suppress(SystemExit):
            build()([name, "--help"], console=console)
        text = "\n".join(line.rstrip() for line in stream.getvalue().splitlines())
        parts.append(f"## {name}\n\n```text\n{text.strip()}\n```\n")
    return "\n".join(parts)


class Program:
    """The blocks and expressions of one page, run in order in one namespace; `figures` are those drawn so far."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.text = source.read_text(encoding="utf-8")
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self.figures: dict[str, str] = {}

    def page(self) -> str:
        """The built page; its first line, the title, is followed by where it comes from."""
        title, _, body = PIECE.sub(self.built, self.text).partition("\n")
        note = (
            f"*Made from [source/{self.source.name}](source/{self.source.name}) by `python docs/build.py`, which runs "
            "the code and writes down what it gives.*"
        )
        return f"{title}\n\n{note}\n{body}"

    def built(self, piece: re.Match[str]) -> str:
        """What stands in the page for a block or an expression."""
        if piece["expression"]:
            return str(eval(f'f"""{{{piece["expression"]}}}"""', self.namespace))
        printed = self.run(piece["code"], line=self.text.count("\n", 0, piece.start("code")))
        block = f"```python\n{piece['code']}```"
        drawn = FIGURE.search(piece["info"])
        if drawn:
            name = f"figures/{self.source.stem}-{len(self.figures) + 1}.svg"
            self.figures[name] = svg()
            return f"![{drawn[1]}]({name})\n\n<details><summary>Code of the figure</summary>\n\n{block}\n\n</details>"
        if "hidden" in piece["info"]:
            return ""
        if "markdown" in piece["info"]:
            return printed.rstrip()
        return f"{block}\n\n```text\n{printed.rstrip()}\n```" if printed else block

    def run(self, code: str, line: int) -> str:
        """What the block prints; a traceback names the source's own lines."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * line + code, self.source, "exec"), self.namespace)
        return "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())


def svg() -> str:
    """The one open figure as SVG without date and version, which is then closed."""
    from matplotlib import pyplot

    (number,) = pyplot.get_fignums()
    stream = io.StringIO()
    pyplot.figure(number).savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(number)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def theory(source: Path) -> dict[str, str]:
    """The page of a source and its figures, by path below `docs/theory`."""
    import matplotlib
    import numpy

    program = Program(source)
    with matplotlib.rc_context(), numpy.printoptions(), warnings.catch_warnings():
        warnings.simplefilter("error")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**STYLE, "backend": "svg"})
        page = program.page()
    return {source.name: page, **program.figures}


def main() -> None:
    """Write everything, and remove figures that no page draws any more."""
    (HERE / "commands.md").write_text(commands(), encoding="utf-8")
    made = {name: text for source in sorted(SOURCES.glob("*.md")) for name, text in theory(source).items()}
    for name, text in made.items():
        path = HERE / "theory" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for old in (HERE / "theory" / "figures").glob("*.svg"):
        if f"figures/{old.name}" not in made:
            old.unlink()


if __name__ == "__main__":
    main()
