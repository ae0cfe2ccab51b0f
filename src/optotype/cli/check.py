"""``optotype check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.table import Table

    from optotype.data.check import Findings


def check(
    path: str,
    /,
    *,
    task: Literal["classify"] = "classify",
    classes: str | None = None,
    threads: int = 0,
    fail: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """What is in this data, and what is wrong with it.

    Parameters
    ----------
    path
        Folder with one folder per class, CSV with path,label, or a catalogued name such as 'digits'.
    task
        What the data is for.
    classes
        The class list: a file, or a shipped map such as 'wildlife'.
    threads
        Threads that decode; 0 = all cores this process may use.
    fail
        Exit with 1 when anything worse than a note is found.
    json
        Print everything as JSON on stdout.
    """
    import msgspec

    from optotype.catalog import resolve
    from optotype.cli import console
    from optotype.cli.counting import counting
    from optotype.data.check import check as run
    from optotype.formats import read_classes

    known = None if classes is None else read_classes(classes)
    with counting("looking at files", "looked at {} files") as progress:
        found = run(resolve(path), task=task, classes=known, threads=threads, progress=progress)
    if json:
        console.out.file.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    else:
        _show(found)
    return 1 if fail and found.failed else 0


def _show(found: Findings) -> None:
    from rich.text import Text

    from optotype.cli import console

    styles = {"error": "bold red", "warning": "yellow", "note": "dim"}
    console.out.print(Text(found.summary, style="bold"), soft_wrap=True)
    for finding in found.findings:
        console.out.print()
        line = Text(f"{finding.severity:8}", style=styles[finding.severity]) + Text(
            plain(finding.text), style="default"
        )
        console.out.print(line, soft_wrap=True)
        for example in finding.examples:
            console.out.print(Text(f"          {plain(example)}", style="dim"), soft_wrap=True)
        if finding.count > len(finding.examples) and finding.examples:
            console.out.print(Text("          …", style="dim"))
        console.out.print(Text(f"        → {finding.fix}"), soft_wrap=True)
    for note in found.notes:
        console.out.print(Text(f"\nnote    {plain(note)}", style="dim"), soft_wrap=True)
    console.out.print()
    console.out.print(_table(found))


def _table(found: Findings) -> Table:
    from rich.table import Table
    from rich.text import Text

    splits = list(found.classes[0].splits) if found.classes else []
    splits = splits if any(splits) else []
    table = Table("class", box=None, pad_edge=False)
    for name in [*[split or "(none)" for split in splits], "images"]:
        table.add_column(name, justify="right")
    most = max((row.n for row in found.classes), default=0) or 1
    table.add_column("")
    for row in found.classes:
        bar = "█" * round(24 * row.n / most)
        table.add_row(Text(plain(row.name)), *(f"{row.splits[split]:,}" for split in splits), f"{row.n:,}", bar)
    return table


def plain(text: str) -> str:
    """The text with control characters written as escapes: a file's name must not steer the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
