"""Explaining what a folder holds: conditions and causes, and, where there is a model, its feature space."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from optotype.diagnose.causes import causes
from optotype.diagnose.conditions import Features, Objects, Regions, Tracked, attach, measure
from optotype.diagnose.space import Featured, Space, compare, explore, explore_answers, place, placing
from optotype.diagnose.space.records import save as save_space
from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.files import write_atomic
from optotype.formats import (
    holds_masks,
    read_columns,
    read_items,
    read_labels,
    read_listing,
    read_mask_manifest,
    write_mask_manifest,
)
from optotype.formats.manifest import holds_labels, write_items
from optotype.formats.manifest import write as write_manifest
from optotype.metrics.operating import judged as judged_objects
from optotype.results import Result
from optotype.runs import RunFolder
from optotype.studies.explained import HEAT_INDEX
from optotype.studies.judging import Judged, load, save
from optotype.studies.locating import located
from optotype.studies.reports import write_report
from optotype.studies.saying import Say, quiet
from optotype.tables import Items, Labels

if TYPE_CHECKING:
    from optotype.inference.load import Loaded

Positions: TypeAlias = NDArray[np.intp]


def explain(
    run: str | Path,
    *,
    images: str | Path | None = None,
    columns: str | Path | None = None,
    device: str = "auto",
    seed: int = 0,
    report: bool = True,
    max_mb: float = 20,
    say: Say = quiet,
) -> Result:
    """Find what goes with the mistakes in the folder of a run or an evaluation; returns its numbers with ``causes``.

    ``images`` is the folder of the images where the paths in ``data.csv`` do not lead to them, ``columns`` a CSV of
    further properties; both are remembered in ``data.csv``. Raises InputError for a folder that holds no evaluation,
    and for files that do not fit it.
    """
    folder = RunFolder(Path(run))
    judged = load(folder)
    kept = items = read_items(folder.data)
    if images is not None:
        items = located(items, Path(images))
    if columns is not None:
        items = _with_columns(Path(columns), items)
    if items is not kept:
        _keep(folder, items)
    result = explain_folder(folder, judged, device=device, seed=seed, say=say)
    if report:
        write_report(folder, max_mb=max_mb)
    return result


def explain_folder(
    folder: RunFolder,
    judged: Judged | None = None,
    *,
    said: Labels | None = None,
    device: str = "auto",
    seed: int = 0,
    say: Say = quiet,
) -> Result:
    """Explain what the folder holds, as it is there.

    Conditions go into ``evidence.npz``, causes into ``eval.json``. Where each item has one class, a folder with a
    trained model also gets ``space.json``, ``distances.npz`` and heat maps under ``heat/``; where there is none,
    ``said``, the answers for the items in the order of ``data.csv``, give the mistakes and the suspects of
    ``space.json``.
    """
    judged = judged or load(folder)
    every, found = read_labels(folder.data) if holds_labels(folder.data) else None, None
    loaded = None if every is None else _loaded(folder, every, device, say)
    if every is not None and loaded is not None:
        found = _featured(loaded, every, say)
        _heat(folder, loaded, found, _explore(folder, found, judged, seed, say))
    elif every is not None and said is not None:
        save_space(explore_answers(every, said), folder.space)
    judged = _explained(judged, read_items(folder.data), every, found, seed, say)
    save(judged, folder)
    return judged.result


def compare_spaces(folder: RunFolder, runs: Sequence[RunFolder]) -> None:
    """Write what the first run mistakes, under each run's own class centroids, as ``centroids.json``; nothing where a
    run has no feature space.
    """
    if all(run.distances.is_file() for run in runs):
        models = {run.path.name: placing.load(run.distances) for run in runs}
        save_space(compare(models), folder.centroids)


def _with_columns(path: Path, items: Items) -> Items:
    """The items with the file's columns, which may name an image by any end of its path: ``data.csv`` says where images
    lie, no longer what the truth's file called them.
    """
    try:
        return read_columns(path, items)
    except InputError:
        parts = [PurePosixPath(name).parts for name in items.path.tolist()]
        for last in range(1, max(map(len, parts), default=0)):
            ends = np.array(["/".join(part[-last:]) for part in parts], np.str_)
            try:
                found = read_columns(path, replace(items, path=ends))
            except InputError:
                continue
            return replace(items, columns=found.columns)
        raise


def _keep(folder: RunFolder, items: Items) -> None:
    """Write the items back, with their labels or label maps and with what was left out, where there are any."""
    if holds_masks(folder.data):
        write_mask_manifest(folder.data, replace(read_mask_manifest(folder.data), items=items))
    elif holds_labels(folder.data):
        listing = read_listing(folder.data)
        write_manifest(folder.data, replace(listing.labels, items=items), listing.skipped)
    else:
        write_items(folder.data, items)


def _explained(
    judged: Judged, items: Items, every: Labels | None, found: Featured | None, seed: int, say: Say
) -> Judged:
    rows = _judged_rows(judged, items)
    items = _sized(items.take(rows), judged.evidence)
    seen = _seen(items)
    if seen:
        say(f"explaining: measuring {len(items):,} images")
    conditions = measure(
        judged.result.task,
        _OBJECTS[judged.result.task](judged.evidence) if every is None else Objects.of_items(items, every.label[rows]),
        items,
        images=seen,
        frequency=None if every is None else _frequency(every),
        features=None if found is None else _features(found, rows),
    )
    evidence = attach(judged.evidence, items, conditions)
    result = causes(evidence, seed=seed, skipped=conditions.skipped, protocol=judged.result.protocol)
    warnings = [*result.warnings, *conditions.warnings]
    told = msgspec.to_builtins(msgspec.structs.replace(result, warnings=warnings))
    return Judged(msgspec.structs.replace(judged.result, causes=told), evidence)


def _sized(items: Items, evidence: Evidence) -> Items:
    """The items with the sizes of images that the evidence knows, where it does."""
    if "images" not in evidence.tables or "width" not in evidence["images"].columns:
        return items
    return replace(items, width=evidence["images"]["width"], height=evidence["images"]["height"])


def _boxes(evidence: Evidence) -> Objects:
    """The objects that count, on the items of the evidence in their order."""
    truth = evidence["truth"]
    rows = np.flatnonzero(judged_objects(evidence))
    return Objects(truth.item[rows], truth["label"][rows], truth["box"][rows])


def _tracked(evidence: Evidence) -> Objects:
    """The objects that count, in every frame anew."""
    from optotype.tasks.track.condition_slices import surroundings

    truth = evidence["truth"]
    around = surroundings(evidence, np.flatnonzero(truth["kept"]))
    tracked = Tracked(around.image, around.id, around.visibility, around.motion)
    return Objects(around.item, around.label, around.box, tracked)


def _components(evidence: Evidence) -> Objects:
    """Connected parts of the truth's classes."""
    rows = evidence["components"]
    return Objects(rows.item, rows["label"].astype(np.int32), rows["box"], regions=Regions(rows["area"], rows["rim"]))


_OBJECTS: dict[str, Callable[[Evidence], Objects]] = {"detect": _boxes, "track": _tracked, "segment": _components}
"""Task → the objects of an evaluation, where an item has more than one."""


def _judged_rows(judged: Judged, items: Items) -> Positions:
    """Rows of the items of the evidence, in its order."""
    order = np.argsort(items.key, kind="stable")
    place = np.minimum(np.searchsorted(items.key[order], judged.evidence.keys), max(len(order) - 1, 0))
    rows = order[place]
    if lost := int((items.key[rows] != judged.evidence.keys).sum()):
        got = f"{lost:,} of them missing"
        raise InputError("data.csv", "the items that were judged", got, "Evaluate again; the file was changed.")
    return rows


def _seen(items: Items) -> bool:
    """Whether there are images to look at: the first and the last of them exist."""
    ends = {0, len(items) - 1}
    return all(str(items.path[i]) and items.file(i).is_file() for i in ends)


def _frequency(every: Labels) -> Positions | None:
    training = every.label[every.items.split == "train"]
    return np.bincount(training, minlength=len(every.classes)) if len(training) else None


def _features(found: Featured, rows: Positions) -> Features:
    training = found.rows("train")
    return Features(found.features[rows], found.features[training], found.truth.label[training])


def _loaded(folder: RunFolder, every: Labels, device: str, say: Say) -> Loaded | None:
    """The folder's model; None where there is none, no image to show it, or no training item to compare with."""
    if not (folder.checkpoints / "best.pt").is_file() or not (every.items.split == "train").any():
        return None
    if not _seen(every.items):
        say("explaining: without the feature space, as the images are not where data.csv says: --images")
        return None
    from optotype.inference.load import load_run

    return load_run(folder, device=device)


def _featured(loaded: Loaded, every: Labels, say: Say) -> Featured:
    """What the model makes of all items; photos that training has decoded are not decoded again."""
    from optotype.inference.features import described
    from optotype.training.cache import shared_folder

    say(f"explaining: features of {len(every):,} images")
    said, features = described(loaded, every, cache=shared_folder())
    return Featured(every, said, features)


def _explore(folder: RunFolder, found: Featured, judged: Judged, seed: int, say: Say) -> Space:
    split = str(found.truth.items.split[_judged_rows(judged, found.truth.items)[0]])
    say("explaining: t-SNE, centroids, neighbours")
    space = explore(found, judged=split, seed=seed)
    placing.save(place(found, judged=split), folder.distances)
    save_space(space, folder.space)
    return space


def _heat(folder: RunFolder, loaded: Loaded, found: Featured, space: Space) -> None:
    """A heat map of the predicted class for each recorded mistake, under ``heat/`` by position; none where the model
    has no maps.
    """
    from optotype.inference.gradcam import gradcam, why_not

    shutil.rmtree(folder.heat, ignore_errors=True)
    if not space.mistakes or why_not(loaded):
        return
    place = {key: i for i, key in enumerate(found.truth.items.key.tolist())}
    rows = np.array([place[mistake.key] for mistake in space.mistakes])
    maps = gradcam(loaded, found.truth.take(rows), found.said.label[rows])
    folder.heat.mkdir()
    names = {}
    for i, (mistake, heat) in enumerate(zip(space.mistakes, maps, strict=True)):
        names[mistake.key] = f"{i:04}.png"
        Image.fromarray(heat).save(folder.heat / names[mistake.key])
    write_atomic(folder.heat / HEAT_INDEX, msgspec.json.encode(names))
