"""The tables that are judged: frozen structs of NumPy arrays, checked once when built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError, and_more

Strings: TypeAlias = NDArray[np.str_]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int32]
Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Items:
    """What is judged: one row an image (or frame).

    ``key`` is unique (a folder's: the relative POSIX path). ``path`` locates the image, relative to ``root`` or
    absolute; empty where there is none. ``group`` ties items that are not independent (sequence, site, camera);
    empty strings mean that every item is its own group. ``split`` is ``train``, ``val``, ``test`` or empty.
    ``width`` and ``height`` are pixels as displayed (EXIF orientation applied), 0 where unknown. ``columns`` holds any
    further column of the user's file, one value an item. All arrays have shape (n,).
    """

    key: Strings
    path: Strings
    group: Strings
    split: Strings
    width: Ints
    height: Ints
    columns: Mapping[str, Array] = field(default_factory=dict)
    root: Path = Path()

    def __post_init__(self) -> None:
        n = len(self.key)
        for name, values in {**self._arrays(), **self.columns}.items():
            if values.shape[:1] != (n,):
                raise InputError(
                    f"items, column '{name}'",
                    f"{n} values, one an item",
                    f"shape {values.shape}",
                    "Check the table.",
                )
            values.flags.writeable = False
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))
        unique, counts = np.unique(self.key, return_counts=True)
        if len(unique) < n:
            twice = str(unique[counts > 1][0])
            raise InputError("items", "every key once", f"'{twice}' {counts.max()} times", "Remove the repeated rows.")

    def __len__(self) -> int:
        return len(self.key)

    def _arrays(self) -> dict[str, Array]:
        return {name: getattr(self, name) for name in ("key", "path", "group", "split", "width", "height")}

    @classmethod
    def of(
        cls,
        key: Sequence[str] | Strings,
        *,
        path: Sequence[str] | Strings | None = None,
        group: Sequence[str] | Strings | None = None,
        split: Sequence[str] | Strings | None = None,
        width: Sequence[int] | Ints | None = None,
        height: Sequence[int] | Ints | None = None,
        columns: Mapping[str, Array] | None = None,
        root: Path = Path(),
    ) -> Items:
        """Build items from what is known; what is left out becomes empty strings or zeros.

        >>> len(Items.of(["a.jpg", "b.jpg"], split=["train", "test"]))
        2
        """
        n = len(key)

        def text(values: Sequence[str] | Strings | None) -> Strings:
            return np.zeros(n, "<U1") if values is None else np.array(values, dtype=np.str_).reshape(n)

        def integer(values: Sequence[int] | Ints | None) -> Ints:
            return np.zeros(n, np.int32) if values is None else np.array(values, np.int32)

        return cls(
            text(key), text(path), text(group), text(split), integer(width), integer(height), columns or {}, root
        )

    def take(self, index: Array) -> Items:
        """The items at ``index`` (integers or a mask), in that order."""
        arrays = {name: values[index] for name, values in self._arrays().items()}
        return Items(**arrays, columns={k: v[index] for k, v in self.columns.items()}, root=self.root)

    def groups(self) -> Strings:
        """Group of each item, an item without one standing for itself. Shape (n,)."""
        width = max(self.group.dtype.itemsize, self.key.dtype.itemsize + 4) // 4
        return np.where(self.group == "", np.char.add("\x01", self.key), self.group).astype(f"<U{width}")

    def file(self, i: int) -> Path:
        """Where the image of row ``i`` lies."""
        return self.root / str(self.path[i])


@dataclass(frozen=True, eq=False)
class Labels:
    """One class per item: the truth, or what a model said.

    ``label`` is the class index, int32, shape (n,). ``scores`` are probabilities, float64, shape (n, K), rows summing
    to 1, or None where only the label is known. ``classes`` names the K classes; their position is the index.
    """

    items: Items
    classes: tuple[str, ...]
    label: Ints
    scores: Floats | None = None

    def __post_init__(self) -> None:
        n, k = len(self.items), len(self.classes)
        if len(set(self.classes)) < k:
            raise InputError("classes", "every name once", repr(self.classes), "Rename or remove the repeated class.")
        if self.label.shape != (n,):
            raise InputError("labels", f"{n} labels, one an item", f"shape {self.label.shape}", "Check the table.")
        bad = np.flatnonzero((self.label < 0) | (self.label >= k))
        if len(bad):
            raise InputError(
                f"label of '{self.items.key[bad[0]]}'", f"a class index in 0…{k - 1}", str(self.label[bad[0]]),
                "Check the class list.",
            )  # fmt: skip
        self.label.flags.writeable = False
        if self.scores is not None:
            _check_scores(self.items.key, self.scores, (n, k))
            self.scores.flags.writeable = False

    def __len__(self) -> int:
        return len(self.items)

    def take(self, index: Array) -> Labels:
        """The rows at ``index`` (integers or a mask), in that order."""
        scores = None if self.scores is None else self.scores[index]
        return Labels(self.items.take(index), self.classes, self.label[index], scores)


SCORE_SUM_TOLERANCE = 1e-3


def _check_scores(key: Strings, scores: Floats, shape: tuple[int, int]) -> None:
    if scores.shape != shape:
        raise InputError("scores", f"shape {shape} (items × classes)", f"{scores.shape}", "Check the score columns.")
    fix = "Write softmax probabilities, one column a class."
    bad = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if len(bad):
        raise InputError(f"scores of '{key[bad[0]]}'", "finite probabilities", str(scores[bad[0]]), fix)
    bad = np.flatnonzero((scores < 0).any(axis=1) | (np.abs(scores.sum(axis=1) - 1) > SCORE_SUM_TOLERANCE))
    if len(bad):
        row = scores[bad[0]]
        got = f"sum {row.sum():.6g}, least {row.min():.6g}{and_more(len(bad) - 1, 'such rows')}"
        raise InputError(f"scores of '{key[bad[0]]}'", "probabilities ≥ 0 that sum to 1 (± 0.001)", got, fix)


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes on items: the objects that are there, or what a detector said.

    One row a box, rows of one item together: ``item`` (n,) int32 is the row of the item, non-decreasing; inside an item
    the order is that of the file, which decides between equal scores. ``label`` (n,) int32 is the class, ``box`` (n, 4)
    float64 x, y, w, h in pixels, ``score`` (n,) float64 (None: the truth). Of the truth, ``area`` (n,) float64 is in
    square pixels as the annotator gave it (of detections: w · h), ``crowd`` (n,) bool marks regions that hold any
    number of objects, and ``id`` (n,) int64 is the annotation's (of detections: the position in the file).
    """

    items: Items
    classes: tuple[str, ...]
    item: Ints
    label: Ints
    box: Floats
    area: Floats
    crowd: NDArray[np.bool_]
    id: NDArray[np.int64]
    score: Floats | None = None

    def __post_init__(self) -> None:
        n, k = len(self.item), len(self.classes)
        if len(set(self.classes)) < k:
            raise InputError("classes", "every name once", repr(self.classes), "Rename or remove the repeated class.")
        columns: dict[str, Array] = {"label": self.label, "area": self.area, "crowd": self.crowd, "id": self.id}
        if self.score is not None:
            columns["score"] = self.score
        for name, values in columns.items():
            if values.shape != (n,):
                raise InputError(f"boxes, column '{name}'", f"{n} values", f"shape {values.shape}", "Check the table.")
        if self.box.shape != (n, 4):
            raise InputError("boxes, column 'box'", f"shape ({n}, 4)", f"{self.box.shape}", "Give x, y, w, h a box.")
        if n and (self.item[0] < 0 or self.item[-1] >= len(self.items) or bool((np.diff(self.item) < 0).any())):
            raise InputError("boxes, column 'item'", f"rows of {len(self.items)} items in ascending order",
                             f"{self.item.min()} … {self.item.max()}", "Sort the boxes by item.")  # fmt: skip
        if n and (int(self.label.min()) < 0 or int(self.label.max()) >= k):
            raise InputError("boxes, column 'label'", f"class indices in 0…{k - 1}",
                             f"{self.label.min()} … {self.label.max()}", "Check the class list.")  # fmt: skip
        self._check_finite()

    def _check_finite(self) -> None:
        """A box that is no box has no overlap, and a NaN score no rank: neither may reach the matching."""
        box = self.box
        fine = not len(box) or bool(np.isfinite([box.min(), box.max()]).all() and box[:, 2:].min() >= 0)
        if not fine:
            first = int(np.flatnonzero(~np.isfinite(box).all(axis=1) | (box[:, 2:] < 0).any(axis=1))[0])
            where = f"box {first} of '{self.items.key[self.item[first]]}'"
            raise InputError(where, "finite x, y, w, h with w ≥ 0 and h ≥ 0", str(box[first].tolist()),
                             "Correct or drop the box.")  # fmt: skip
        if self.score is not None and len(bad := np.flatnonzero(~np.isfinite(self.score))):
            where = f"score of box {bad[0]} of '{self.items.key[self.item[bad[0]]]}'"
            raise InputError(where, "a finite number", str(self.score[bad[0]]), "Correct or drop the detection.")

    def __len__(self) -> int:
        return len(self.item)

    def take(self, index: Array) -> Boxes:
        """The boxes at ``index`` (ascending integers or a mask), on the same items."""
        score = None if self.score is None else self.score[index]
        return replace(
            self, item=self.item[index], label=self.label[index], box=self.box[index], area=self.area[index],
            crowd=self.crowd[index], id=self.id[index], score=score,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Tracks:
    """Boxes with identities in sequences: the truth, what a tracker said, or detections without identities.

    ``items`` are the sequences (key: the name; group: the scene; path: the folder of its frames, empty where unknown),
    ``length`` (s,) int32 their number of frames and ``rate`` (s,) float64 frames a second, NaN where unknown. One row a
    box, by sequence and frame, inside a frame in the order of the file, which decides between ties: ``item`` (n,) int32
    the row of the sequence, ``frame`` (n,) int32 from 1, ``id`` (n,) int64 from 0 (−1: a detection), ``label`` (n,)
    int32 the class, ``box`` (n, 4) float64 x, y, w, h in the file's pixels, ``score`` (n,) float64 (None: the truth),
    ``counts`` (n,) bool (False: a row of the truth that is to be passed over), ``visibility`` (n,) float64, share of
    the object that can be seen, NaN where unknown, and ``row`` (n,) int64 the position in the file of the sequence (of
    a tracker's boxes: the detection that became it, −1 for none).
    """

    items: Items
    classes: tuple[str, ...]
    length: Ints
    rate: Floats
    item: Ints
    frame: Ints
    id: NDArray[np.int64]
    label: Ints
    box: Floats
    counts: NDArray[np.bool_]
    visibility: Floats
    row: NDArray[np.int64]
    score: Floats | None = None

    def __post_init__(self) -> None:
        n, s, k = len(self.item), len(self.items), len(self.classes)
        if len(set(self.classes)) < k:
            raise InputError("classes", "every name once", repr(self.classes), "Rename or remove the repeated class.")
        shapes = {"length": (s,), "rate": (s,), "box": (n, 4)}
        shapes |= dict.fromkeys(("frame", "id", "label", "counts", "visibility", "row"), (n,))
        shapes |= {} if self.score is None else {"score": (n,)}
        for name, shape in shapes.items():
            if (found := getattr(self, name).shape) != shape:
                raise InputError(f"tracks, column '{name}'", f"shape {shape}", f"{found}", "Check the table.")
        if n and (self.item[0] < 0 or self.item[-1] >= s or bool((np.diff(self.item) < 0).any())):
            raise InputError("tracks, column 'item'", f"rows of {s} sequences in ascending order",
                             f"{self.item.min()} … {self.item.max()}", "Sort the boxes by sequence.")  # fmt: skip
        if n and (int(self.label.min()) < 0 or int(self.label.max()) >= k):
            raise InputError("tracks, column 'label'", f"class indices in 0…{k - 1}",
                             f"{self.label.min()} … {self.label.max()}", "Check the class list.")  # fmt: skip
        self._check_rows()

    def _check_rows(self) -> None:
        """Frames in order and inside the sequence, boxes that are boxes, ids that are ids."""
        box = self.box
        if len(box) and not (np.isfinite([box.min(), box.max()]).all() and box[:, 2:].min() >= 0):
            bad = ~np.isfinite(box).all(axis=1) | (box[:, 2:] < 0).any(axis=1)
            self._refuse(bad, "a box", "finite x, y, w, h with w ≥ 0 and h ≥ 0", box)
        self._refuse((self.frame < 1) | (self.frame > self.length[self.item]), "the frame", "one of the sequence",
                     self.frame)  # fmt: skip
        back = np.append(False, (np.diff(self.frame) < 0) & (np.diff(self.item) == 0))
        self._refuse(back[: len(self)], "the frame", "frames in ascending order", self.frame)
        self._refuse(self.id < -1, "the id", "0 or more, −1 for none", self.id)
        if self.score is not None:
            self._refuse(~np.isfinite(self.score), "the score", "a finite number", self.score)

    def _refuse(self, bad: Any, what: str, expected: str, values: Array) -> None:
        if bad.any():
            i = int(np.argmax(bad))
            where = f"{what} of row {i} ('{self.items.key[self.item[i]]}', frame {self.frame[i]})"
            raise InputError(where, expected, str(values[i].tolist()), "Correct or drop the row.")

    def __len__(self) -> int:
        return len(self.item)

    def take(self, index: Array) -> Tracks:
        """The boxes at ``index`` (ascending integers or a mask), of the same sequences."""
        columns = ("item", "frame", "id", "label", "box", "counts", "visibility", "row")
        score = None if self.score is None else self.score[index]
        return replace(self, **{name: getattr(self, name)[index] for name in columns}, score=score)

    def starts(self) -> NDArray[np.int64]:
        """Where the boxes of each sequence begin, and after the last where they end, (s + 1,)."""
        return np.searchsorted(self.item, np.arange(len(self.items) + 1)).astype(np.int64)


VOID, OTHER = 255, 254
"""In label maps: a pixel that is of no class, and one whose value the class list does not know."""


@dataclass(frozen=True, eq=False)
class Masks:
    """A class for each pixel of each item: the truth, or what a model said.

    ``maps`` is a sequence, one label map an item, decoded when asked for: ``maps[i]`` is uint8 (height, width) of class
    indices, ``VOID`` where a pixel is of no class, ``OTHER`` where its value is none of the list's. ``classes`` names
    the K ≤ 254 classes; ``colours`` (K, 3) uint8 is what the data set paints them in.
    """

    items: Items
    classes: tuple[str, ...]
    maps: Sequence[NDArray[np.uint8]]
    colours: NDArray[np.uint8]

    def __post_init__(self) -> None:
        n, k = len(self.items), len(self.classes)
        if len(set(self.classes)) < k:
            raise InputError("classes", "every name once", repr(self.classes), "Rename or remove the repeated class.")
        if not 1 <= k <= OTHER:
            raise InputError("classes", f"1 to {OTHER} names", str(k), "Check the class list.")
        if len(self.maps) != n:
            raise InputError("label maps", f"{n}, one an item", str(len(self.maps)), "Check the table.")
        if self.colours.shape != (k, 3):
            raise InputError("colours", f"shape ({k}, 3)", f"{self.colours.shape}", "Give R, G, B a class.")
        self.colours.flags.writeable = False

    def __len__(self) -> int:
        return len(self.items)

    def take(self, index: Array) -> Masks:
        """The items at ``index`` (integers or a mask) with their label maps, which stay undecoded."""
        rows = np.arange(len(self))[index]
        return replace(self, items=self.items.take(rows), maps=Chosen(self.maps, rows))


@dataclass(frozen=True, eq=False)
class Chosen(Sequence[NDArray[np.uint8]]):
    """The label maps at ``rows`` of others, decoded when asked for."""

    maps: Sequence[NDArray[np.uint8]]
    rows: Array

    @overload
    def __getitem__(self, index: int) -> NDArray[np.uint8]: ...

    @overload
    def __getitem__(self, index: slice) -> Chosen: ...

    def __getitem__(self, index: int | slice) -> NDArray[np.uint8] | Chosen:
        if isinstance(index, slice):
            return Chosen(self.maps, self.rows[index])
        return self.maps[int(self.rows[index])]

    def __len__(self) -> int:
        return len(self.rows)
