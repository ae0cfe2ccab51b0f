"""``optotype data``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from optotype.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from optotype.world.export.whole import Plan

_FRAMES = 100


def data(
    action: Literal["list", "get"],
    name: str | None = None,
    /,
    *,
    out: Path | None = None,
    frames: int | None = None,
    domain: Literal["north", "south"] | None = None,
    seed: int | None = None,
    size: str | None = None,
    tasks: Annotated[
        tuple[Literal["detect", "segment", "track", "classify"], ...] | None, Parameter(consume_multiple=True)
    ] = None,
    threads: int = 0,
) -> None:
    """What data comes with Optotype, and getting it.

    'world' is a drawn street with exact truth for all four tasks, written in the standard formats: COCO (detect),
    CamVid, Cityscapes and index masks (segment), MOTChallenge (track), a folder per class (classify).

    Parameters
    ----------
    action
        'list' what there is, or 'get' one of them.
    name
        What to get: 'world', or a catalogued data set such as 'digits'.
    out
        New or empty folder to write; catalogued data sets go to the cache when it is left out.
    frames
        World: images for each task; default 100.
    domain
        World: which streets, those of the 'north' or the busier ones of the 'south'; default north.
    seed
        World: the same seed gives the same files; default 0.
    size
        World: width and height of the frames in pixels; default 480x360.
    tasks
        World: what to write truth for; default all four.
    threads
        Threads that draw; 0 = all cores this process may use.
    """
    if action == "list":
        _list()
        return
    given = {"--frames": frames, "--domain": domain, "--seed": seed, "--size": size, "--tasks": tasks}
    if name == "world":
        from optotype.world.export.whole import TASKS, Plan

        width, height = _size(size or "480x360")
        number = _FRAMES if frames is None else frames
        plan = Plan(number, domain or "north", seed or 0, width, height, tasks or TASKS, threads)
        _world(out, plan)
        return
    if unused := [flag for flag, value in given.items() if value is not None]:
        raise InputError(unused[0], "'optotype data get world'", f"'{name}'", f"Leave {unused[0]} out.")
    _catalogued(name, out)


def _list() -> None:
    from rich.table import Table

    from optotype.catalog import CATALOG
    from optotype.cli import console

    table = Table("name", "what it holds", box=None, pad_edge=False)
    table.add_row("world", "a drawn street, any number of images with exact truth for all four tasks; no network")
    for name, entry in CATALOG.items():
        table.add_row(name, entry.holds)
    console.out.print(table)


def _catalogued(name: str | None, out: Path | None) -> None:
    from optotype.catalog import CATALOG, get
    from optotype.cli import console

    known = [*CATALOG, "world"]
    if name is None:
        raise InputError("optotype data get", "a name", "none", did_you_mean("", known))
    if name not in known:
        raise InputError(name, "the name of a data set", "an unknown name", did_you_mean(name, known))
    console.out.print(str(get(name, out)), markup=False, soft_wrap=True)


def _world(out: Path | None, plan: Plan) -> None:
    from optotype.cli import console
    from optotype.cli.counting import counting
    from optotype.world.export.whole import export

    if out is None:
        raise InputError("--out", "a new folder", "none", "Name one, such as --out world/.")
    with counting("drawing", "{} images drawn") as progress:
        export(out, plan, progress)
    line = f"{plan.frames:,} images of the {plan.domain} for each of {', '.join(plan.tasks)} in {out}"
    console.out.print(line, markup=False, soft_wrap=True)


def _size(text: str) -> tuple[int, int]:
    """Width and height of ``480x360``."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        raise InputError("--size", "width and height such as 480x360", repr(text), "Put an x between two numbers.")
    return int(parts[0]), int(parts[1])
