"""``optotype split``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def split(
    path: str,
    /,
    *,
    out: Path,
    task: Literal["classify", "segment"] | None = None,
    ratios: Annotated[tuple[float, ...], Parameter(consume_multiple=True)] = (0.7, 0.1, 0.2),
    group: str | None = None,
    seed: int = 0,
    classes: str | None = None,
    max_unreadable: float = 0.01,
    threads: int = 0,
) -> None:
    """Divide photos, or images with label maps, into train, validation and test, and write the manifest.

    Photos: each class is divided by the ratios exactly; (near-)duplicates and groups stay together. Unreadable files
    are listed in the manifest with the reason. Label maps: sequences stay together, or what --group says.

    Parameters
    ----------
    path
        Folder with one folder per class, CSV with path,label, or a catalogued name such as 'digits'; or a data set of
        label maps.
    out
        The manifest to write; an existing file is not overwritten.
    task
        segment: label maps in a folder that is not recognised (CamVid, PASCAL VOC, Cityscapes and IDD are). Default:
        by what lies there.
    ratios
        Shares of train, validation and test, or of train and test.
    group
        What must stay together: a column of the CSV, a regular expression on the path (its first group names the
        group), or 'burst' for photos of one camera at most 60 s apart ('burst:5' for 5 s). Label maps: sequence, image,
        blocks:N (N consecutive frames) or a regular expression.
    seed
        Decides which images go where.
    classes
        The class list: a file, or a shipped map such as 'wildlife'; of label maps the class file.
    max_unreadable
        Photos: greatest share of unreadable images that is left out; more is an error.
    threads
        Threads that decode photos; 0 = all cores this process may use.
    """
    from optotype.catalog import resolve
    from optotype.cli import console
    from optotype.cli.check import plain
    from optotype.cli.counting import counting
    from optotype.data.prepare import check_new, prepare, write_manifest
    from optotype.data.prepare_masks import prepare_masks
    from optotype.formats import holds_masks, is_masks, read_classes, write_mask_manifest

    check_new(out)
    source = resolve(path)
    if task == "segment" or (task is None and (is_masks(source) or holds_masks(source))):
        maps = prepare_masks(source, classes=classes, group=group, ratios=ratios, keep_split=False, seed=seed)
        write_mask_manifest(out, maps.masks)
        for note in maps.notes:
            console.say(plain(note))
        console.out.print(f"{len(maps.masks):,} images in {out}", markup=False, soft_wrap=True)
        return
    known = None if classes is None else read_classes(classes)
    with counting("looking at files", "looked at {} files") as progress:
        prepared = prepare(
            source, ratios=ratios, keep_split=False, seed=seed, classes=known, max_unreadable=max_unreadable,
            group=group, threads=threads, progress=progress,
        )  # fmt: skip
    write_manifest(out, prepared, replace=False)
    for note in prepared.notes:
        console.say(plain(note))
    console.out.print(f"{len(prepared.labels):,} images in {out}", markup=False, soft_wrap=True)
