"""Label maps as CamVid, Cityscapes and plain index masks have them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from optotype.files import write_atomic
from optotype.world.export.pictures import folders, link, save
from optotype.world.export.stills import Still
from optotype.world.labels import CAMVID_COLOURS, LABELS, STUDY_CLASSES, VOID

SPLITS = ("train", "val", "test")

_COLOUR = np.array([CAMVID_COLOURS[label.camvid] for label in LABELS], np.uint8)
_STUDY = np.array([STUDY_CLASSES.index(label.study) if label.study else VOID for label in LABELS], np.uint8)
_CITYSCAPES = np.array([label.cityscapes for label in LABELS], np.uint8)


def begin(root: Path, domain: str) -> None:
    """Folders and class lists below ``root``: ``camvid``, ``index`` and ``cityscapes``."""
    folders(root, "camvid/images", "camvid/labels", "index/images", "index/masks")
    for split in SPLITS:
        folders(root / "cityscapes", f"leftImg8bit/{split}/{domain}", f"gtFine/{split}/{domain}")
    rows = [f"{name},{r},{g},{b}" for name, (r, g, b) in CAMVID_COLOURS.items()]
    write_atomic(root / "camvid" / "class_dict.csv", "\n".join(["name,r,g,b", *rows, ""]))
    write_atomic(root / "index" / "classes.txt", "\n".join([*STUDY_CLASSES, ""]))


def write(root: Path, still: Still, domain: str) -> None:
    """Image and masks of one still in the three layouts."""
    label, stem, name = still.frame.label, still.stem, f"{still.picture.name}"
    link(still.picture, root / "camvid" / "images" / name)
    save(root / "camvid" / "labels" / f"{stem}_L.png", _COLOUR[label])
    link(still.picture, root / "index" / "images" / name)
    save(root / "index" / "masks" / name, _STUDY[label])
    place, base = f"{still.split}/{domain}", f"{domain}_{stem}_000000"
    link(still.picture, root / "cityscapes" / "leftImg8bit" / place / f"{base}_leftImg8bit.png")
    save(root / "cityscapes" / "gtFine" / place / f"{base}_gtFine_labelIds.png", _CITYSCAPES[label])


def finish(root: Path, members: Sequence[tuple[str, str]]) -> None:
    """The lists ``train.txt``, ``val.txt`` and ``test.txt`` of stems; ``members`` are (stem, split)."""
    for layout in ("camvid", "index"):
        for split in SPLITS:
            text = "".join(f"{stem}\n" for stem, where in members if where == split)
            write_atomic(root / layout / f"{split}.txt", text)
