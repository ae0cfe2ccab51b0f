"""``optotype check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.table import Table

    from optotype.data.findings import BoxCounts, Findings, MaskCounts, Spread


def check(
    path: str,
    /,
    *,
    task: Literal["classify", "segment", "detect", "track"] | None = None,
    images: Path | None = None,
    classes: str | None = None,
    out: Path | None = None,
    threads: int = 0,
    fail: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """What is in this data, and what is wrong with it.

    Parameters
    ----------
    path
        classify: folder with one folder per class, CSV with path,label, or a catalogued name such as 'digits'.
        segment: CamVid, PASCAL VOC, Cityscapes, IDD, or a folder of label maps with --task segment --classes FILE.
        detect: COCO's JSON with images, annotations and categories. track: MOTChallenge's folder of sequences, one
        sequence, a gt.txt, KITTI's label_02, or .npz.
    task
        What the data is for. Default: detect for a .json file, track for sequences with gt/gt.txt, segment for layouts
        of label maps, else classify.
    images
        detect, track: the folder that holds the images, to look at these too.
    classes
        classify, track: the class list: a file, or a shipped map such as 'wildlife'. segment: lines name,r,g,b or a
        name a line, or camvid11, camvid32, voc, cityscapes, idd, idd-level3.
    out
        segment: a new folder for check.html, which shows two examples of each class in the data set's colours.
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

    with counting("looking at files", "looked at {} files") as progress:
        found = run(resolve(path), task=task, images=images, classes=classes, threads=threads, progress=progress)
    if json:
        console.out.file.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    else:
        _show(found)
    if out is not None:
        from optotype.studies.examples import write_examples

        console.say(f"two examples of each class: {write_examples(resolve(path), found, out, classes=classes)}")
    return 1 if fail and found.failed else 0


def _show(found: Findings) -> None:
    from rich.text import Text

    from optotype.cli import console

    styles = {"error": "bold red", "warning": "yellow", "note": "dim"}
    console.out.print(Text(found.summary, style="bold"), soft_wrap=True)
    if found.tracks is not None and (found.tracks.ignored or found.tracks.distractors):
        said = f"{found.tracks.ignored:,} more boxes are to be ignored"
        said += f"; {found.tracks.distractors:,} are of distractors" if found.tracks.distractors else ""
        console.out.print(Text(said), soft_wrap=True)
    if found.masks is not None:
        for name, value in _mask_lines(found.masks):
            console.out.print(Text(f"{name:20}{value}"), soft_wrap=True)
    if found.boxes is not None:
        for name, value in _box_lines(found.boxes):
            console.out.print(Text(f"{name:20}{value}"), soft_wrap=True)
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
    if found.sequences is not None:
        console.out.print()
        console.out.print(_sequences(found))
    console.out.print()
    console.out.print(_table(found))


def _box_lines(boxes: BoxCounts) -> list[tuple[str, str]]:
    """What is said of the objects, a name and a text a line."""
    sizes = [f"{name} {n:,}{_share(n, boxes.objects)}" for name, n in boxes.sizes.items()]
    without = f", {boxes.without:,} of the images without any" if boxes.without else ""
    return [
        ("objects by size", ", ".join(sizes) + "; borders at 32² and 96² square pixels"),
        ("objects per image", _spread(boxes.per_image) + without),
        ("width of boxes", f"{_spread(boxes.width)} pixels"),
        ("height of boxes", f"{_spread(boxes.height)} pixels"),
    ]


def _mask_lines(masks: MaskCounts) -> list[tuple[str, str]]:
    """What is said of the label maps, a name and a text a line."""
    sizes = [f"{size} ({n:,})" for size, n in list(masks.sizes.items())[:3]]
    more = f" and {len(masks.sizes) - 3:,} more sizes" if len(masks.sizes) > 3 else ""
    void = f"{masks.void:,}{_share(masks.void, masks.pixels)}"
    return [("size of label maps", ", ".join(sizes) + more), ("void pixels", void)]


def _share(n: int, of: int) -> str:
    return f" ({n / of:.0%})".replace("%", " %") if of else ""


def _spread(spread: Spread) -> str:
    return f"{spread.least:,.6g} to {spread.most:,.6g}, median {spread.median:,.6g}"


def _table(found: Findings) -> Table:
    from rich.table import Table
    from rich.text import Text

    splits = list(found.classes[0].splits) if found.classes else []
    splits = splits if any(splits) else []
    counted, crowds, columns = None, 0, [*[split or "(none)" for split in splits], "images"]
    if found.tracks is not None:
        counted, crowds = found.tracks.boxes, found.tracks.ignored
        columns = ["frames", "boxes", "share", *(["ignored"] if crowds else []), "tracks"]
    elif found.boxes is not None:
        counted, crowds = found.boxes.objects, found.boxes.crowds
        columns += ["objects", "share", *(["crowds"] if crowds else [])]
    if found.masks is not None:
        counted = found.masks.pixels - found.masks.void
        columns += ["pixels", "share"]
    sizes = [row.pixels if found.masks is not None else row.n if counted is None else row.objects
             for row in found.classes]  # fmt: skip
    most = max(sizes, default=0) or 1
    lines: list[list[str]] = []
    for row, n in zip(found.classes, sizes, strict=True):
        cells = [*(f"{row.splits[split]:,}" for split in splits), f"{row.n:,}"]
        if counted is not None:
            cells += [f"{n:,}", f"{100 * n / (counted or 1):.1f} %", *([f"{row.crowds:,}"] if crowds else [])]
        cells += [] if found.tracks is None else [f"{row.tracks:,}"]
        lines.append([plain(row.name), *cells])
    table = Table("class", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right")
    table.add_column("")
    bar = _room(["class", *columns], lines)
    for line, n in zip(lines, sizes, strict=True):
        table.add_row(Text(line[0]), *line[1:], "█" * round(bar * n / most))
    return table


LONGEST = 24
"""Characters of the longest bar."""


def _room(head: list[str], lines: list[list[str]]) -> int:
    """Characters that are left for bars beside the columns, two blanks between each, in this terminal."""
    from optotype.cli import console

    wide = [max(map(len, column)) + 2 for column in zip(head, *lines, strict=True)]
    return max(0, min(LONGEST, console.out.width - sum(wide)))


def _sequences(found: Findings) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("sequence", box=None, pad_edge=False)
    for name in ("frames", "per second", "size", "tracks", "boxes", "a frame"):
        table.add_column(name, justify="right")
    for row in found.sequences or []:
        rate, size = "" if row.rate is None else f"{row.rate:g}", f"{row.width} × {row.height}" if row.width else ""
        cells = (f"{row.frames:,}", rate, size, f"{row.tracks:,}", f"{row.boxes:,}", f"{row.boxes / row.frames:.1f}")
        table.add_row(Text(plain(row.name)), *cells)
    return table


def plain(text: str) -> str:
    """The text with control characters written as escapes: a file's name must not steer the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
