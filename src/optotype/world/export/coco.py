"""Instances as COCO JSON: images, boxes of what is seen, areas, run lengths, crowds.

Categories have COCO's ids where COCO has the class, so that what a detector trained on COCO finds can be judged as it
is; riders, rickshaws and traffic signs follow from 91 on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from optotype.files import replacing
from optotype.world.attributes import CROWD, OBJECT, Objects
from optotype.world.export.masks import SPLITS
from optotype.world.export.pictures import folders, link
from optotype.world.export.stills import Still
from optotype.world.labels import OBJECT_CLASSES
from optotype.world.scene import Frame

CATEGORY = {
    "person": 1, "rider": 91, "bicycle": 2, "motorbike": 4, "rickshaw": 92, "car": 3, "truck": 8, "bus": 6,
    "traffic light": 10, "traffic sign": 93,
}  # fmt: skip

_IDS = [CATEGORY[name] for name in OBJECT_CLASSES]


class Coco:
    """Writes ``annotations/instances_<split>.json`` and ``images/`` below a folder, entry by entry."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        """``stack`` closes the files that entries wait in."""
        self.root = root
        folders(root, "images", "annotations")
        keys = [(split, part) for split in SPLITS for part in _PARTS]
        files = (TemporaryFile(dir=root) for _ in keys)  # noqa: SIM115 — the stack closes them
        self._spool = {key: stack.enter_context(file) for key, file in zip(keys, files, strict=True)}
        self._last = 0

    def add(self, still: Still, found: list[dict[str, Any]]) -> None:
        """One image and its annotations (``entries``), which are numbered here."""
        link(still.picture, self.root / "images" / still.picture.name)
        height, width = still.frame.label.shape
        image = {"id": still.index + 1, "file_name": still.picture.name, "width": width, "height": height}
        self._put(still.split, "images", image)
        for entry in found:
            self._last += 1
            self._put(still.split, "annotations", {"id": self._last, "image_id": still.index + 1, **entry})

    def finish(self) -> None:
        """Join what was spooled into one file a split."""
        for split in SPLITS:
            with replacing(self.root / "annotations" / f"instances_{split}.json") as out:
                out.write(b'{"info": {"description": "Optotype world"}, "licenses": [], "categories": ')
                names = [{"id": CATEGORY[name], "name": name} for name in sorted(CATEGORY, key=CATEGORY.__getitem__)]
                out.write(msgspec.json.encode(names))
                for part in _PARTS:
                    out.write(f', "{part}": ['.encode())
                    _copy(self._spool[split, part], out)
                    out.write(b"]")
                out.write(b"}\n")

    def _put(self, split: str, part: str, entry: dict[str, Any]) -> None:
        spool = self._spool[split, part]
        spool.write((b",\n" if spool.tell() else b"\n") + msgspec.json.encode(entry))


_PARTS = ("images", "annotations")


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    source.seek(0)
    while block := source.read(1 << 20):
        target.write(block)


def entries(frame: Frame, objects: Objects) -> list[dict[str, Any]]:
    """An entry for each object and each crowd, without ids; area is the number of pixels seen."""
    columns = np.ascontiguousarray(frame.thing.T).ravel()
    found = []
    for i in np.flatnonzero(objects.status == OBJECT):
        seen = np.flatnonzero(columns == objects.thing[i])
        found.append(_entry(objects.kind[i], objects.box[i], seen, frame, crowd=0))
    for k, box in enumerate(objects.crowds.box):
        members = objects.thing[(objects.status == CROWD) & (objects.crowd == k)]
        found.append(_entry(objects.crowds.kind[k], box, _inside(box, frame, members), frame, crowd=1))
    return found


def _inside(box: NDArray[Any], frame: Frame, members: NDArray[Any]) -> NDArray[Any]:
    """Pixels of a crowd by columns: those of its members."""
    x, y, w, h = (int(v) for v in box)
    height = frame.thing.shape[0]
    xs, ys = np.nonzero(np.isin(frame.thing[y : y + h, x : x + w].T, members))
    return np.asarray((xs + x) * height + ys + y, np.int64)


def _entry(kind: int, box: NDArray[Any], seen: NDArray[Any], frame: Frame, *, crowd: int) -> dict[str, Any]:
    height, width = frame.thing.shape
    return {
        "category_id": _IDS[int(kind)],
        "bbox": [float(v) for v in box],
        "area": len(seen),
        "iscrowd": crowd,
        "segmentation": {"size": [height, width], "counts": list(_runs(seen, height * width))},
    }


def _runs(seen: NDArray[Any], n: int) -> Iterable[int]:
    """Lengths of the runs of pixels that are not and that are in ``seen`` (ascending), by turns, of ``n`` in all."""
    breaks = np.flatnonzero(np.diff(seen) > 1)
    starts = seen[np.concatenate([[0], breaks + 1])]
    ends = seen[np.concatenate([breaks, [len(seen) - 1]])] + 1
    edges = np.stack([starts, ends], axis=1).ravel()
    runs: Iterator[int] = map(int, np.diff(np.concatenate([[0], edges, [n] if edges[-1] < n else []]).astype(np.int64)))
    return runs
