"""Measuring a model from inside a program: images are handed over batch by batch, no file is read or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from optotype.errors import InputError
from optotype.metrics.average_precision import COCO
from optotype.results import Result
from optotype.studies.evaluator_boxes import BoxSide
from optotype.studies.evaluator_maps import MapSide
from optotype.tasks.detect.adapting import BoxFormat, as_key, key_of
from optotype.tasks.segment.rules import Void


class Evaluator:
    """Collects predictions and truth, and gives all numbers of ``eval.json`` at any time.

    ``classes`` are the names in the order of the labels, {label: name} where labels are not 0, 1, 2 … (COCO's category
    ids), the number of classes, or (detect) None: the labels that occur.

    ``detect``: ``box_format`` is that of the key ``boxes``. ``max_dets`` are how many detections of a class in an image
    count for each AR, the last everywhere else; ``areas`` {name: (least, largest)} in square pixels take the place of
    small, medium and large.

    ``segment``: ``ignore`` is the label of void pixels, ``void`` what becomes of them (``--void`` of ``evaluate``);
    a label of a prediction that is neither is a miss. Maps are matched as they come and not kept.

    Whatever the batches, shards and order of arrival, the numbers are the same to the last bit.

    >>> evaluator = Evaluator(classes=["car", "person"])
    >>> said = {"boxes": [[10, 10, 60, 90]], "scores": [0.9], "labels": [1]}
    >>> evaluator.update([said], [{"boxes": [[12, 8, 60, 88]], "labels": [1]}])
    >>> round(evaluator.ap()["AP50"], 3)
    1.0
    >>> evaluator = Evaluator("segment", ["road", "sky"])
    >>> evaluator.update([[[1, 1], [0, 1]]], [[[1, 1], [0, 0]]])
    >>> evaluator.headline()["pixel_accuracy"]
    0.75
    """

    def __init__(
        self,
        task: Literal["detect", "segment"] = "detect",
        classes: Sequence[str] | Mapping[int, str] | int | None = None,
        *,
        box_format: BoxFormat = "xyxy",
        max_dets: Sequence[int] = COCO.max_dets,
        areas: Mapping[str, tuple[float, float]] | None = None,
        ignore: int = 255,
        void: Void = "truth-dropped",
    ) -> None:
        boxes = {"box_format": box_format, "max_dets": tuple(max_dets), "areas": areas}
        maps = {"ignore": ignore, "void": void}
        if task == "detect":
            _only("detect", maps, {"ignore": 255, "void": "truth-dropped"})
            self._side: BoxSide | MapSide = BoxSide.of(classes, box_format, max_dets, areas)
        elif task == "segment":
            _only("segment", boxes, {"box_format": "xyxy", "max_dets": COCO.max_dets, "areas": None})
            self._side = MapSide.of(classes, ignore, void)
        else:
            raise InputError("Evaluator", "task 'detect' or 'segment'", repr(task),
                             "Use optotype.evaluate for other tasks.")  # fmt: skip
        self._groups: dict[str, str] = {}
        self._batches: list[Any] = []

    def __len__(self) -> int:
        return len(self._groups)

    def update(
        self,
        predictions: Sequence[object],
        targets: Sequence[object],
        keys: Sequence[object] | None = None,
        *,
        groups: Sequence[str] | None = None,
    ) -> None:
        """Add a batch, one prediction and one target an image.

        ``detect``: what they may be says ``columns_of``. ``segment``: label maps (height, width), or of predictions
        scores (classes, height, width); a batch may be one array or tensor.

        Images are told apart by ``keys`` (whole numbers or text), else by ``image_id`` in the targets, else by running
        numbers, which do not suffice where several processes are merged. ``groups`` tie images that are not independent
        (frames of a sequence), for the intervals. An InputError names image and place; nothing of that batch is added.
        """
        predictions, targets = self._side.entries(predictions), self._side.entries(targets)
        n = _length(predictions, targets, keys, groups)
        names = self._names(targets, keys)
        tied = list(groups or [""] * n)
        batch = self._side.batch(predictions, targets, names)
        if n:
            self._groups.update(zip(names, tied, strict=True))
            self._batches.append(batch)

    def merge(self, other: Evaluator) -> Evaluator:
        """Add what another evaluator holds, of the same classes and rules and of other images; returns self."""
        if self._side != other._side:
            raise InputError("Evaluator.merge", "evaluators of the same classes and rules", "others",
                             "Make all evaluators with the same arguments.")  # fmt: skip
        if twice := next((key for key in other._groups if key in self._groups), None):
            raise InputError("Evaluator.merge", "every image in one evaluator", f"'{twice}' in two",
                             "Give keys= or image_id: running numbers are the same in every process.")  # fmt: skip
        self._groups.update(other._groups)
        self._batches.extend(other._batches)
        return self

    def reset(self) -> None:
        """Forget all images."""
        self._groups, self._batches = {}, []

    def headline(self) -> dict[str, float | None]:
        """The headline numbers alone, None for one that does not exist: for every epoch."""
        self._check()
        return self._side.headline(self._batches, self._groups)

    def ap(self) -> dict[str, float | None]:
        """The headline numbers of a detector: AP, AP50 … AR_large."""
        if not isinstance(self._side, BoxSide):
            raise InputError("Evaluator.ap", "task 'detect'", "'segment'", "Call headline().")
        return self.headline()

    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        """All numbers, as ``eval.json`` has them, with intervals; ``resamples`` 0 leaves the intervals out."""
        self._check()
        return self._side.result(self._batches, self._groups, resamples=resamples, seed=seed)

    def _check(self) -> None:
        if not self._groups:
            raise InputError("Evaluator", "at least one image", "none", "Call update first.")

    def _names(self, targets: Sequence[object], keys: Sequence[object] | None) -> list[str]:
        """A key of each image of a batch that no image has yet."""
        names = [key_of(target) for target in targets] if keys is None else [as_key(key) for key in keys]
        known = [str(len(self) + i) if name is None else name for i, name in enumerate(names)]
        batch: set[str] = set()
        for name in known:
            if name in self._groups or name in batch:
                raise InputError("Evaluator.update", "every image once", f"'{name}' again",
                                 "Give other keys=, or reset() between epochs.")  # fmt: skip
            batch.add(name)
        return known


def _only(task: str, given: Mapping[str, object], usual: Mapping[str, object]) -> None:
    """Raise InputError for an option of another task."""
    for name, value in given.items():
        if value != usual[name]:
            raise InputError("Evaluator", f"options of task '{task}'", f"{name}={value!r}", "Leave it out.")


def _length(
    predictions: Sequence[object],
    targets: Sequence[object],
    keys: Sequence[object] | None,
    groups: Sequence[str] | None,
) -> int:
    """Images of a batch; all that is given must have as many."""
    given = {"predictions": predictions, "targets": targets, "keys": keys, "groups": groups}
    for name, values in given.items():
        if values is not None and (not isinstance(values, Sequence) or isinstance(values, str)):
            raise InputError(f"Evaluator.update, {name}", "a list, one entry an image", type(values).__name__,
                             "Put a single image into a list of one.")  # fmt: skip
    lengths = {name: len(values) for name, values in given.items() if values is not None}
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{n} {name}" for name, n in lengths.items())
        raise InputError("Evaluator.update", "lists of one length, an entry an image", got,
                         "Give an image without boxes an entry with empty lists.")  # fmt: skip
    return len(predictions)
