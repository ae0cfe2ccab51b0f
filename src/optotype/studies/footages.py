"""Where the frames of sequences are, for those who look at them: pictures, video, camera motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from optotype.errors import InputError
from optotype.formats import read_track_detections
from optotype.inference.video import Footage, footage, is_video
from optotype.listing import TrackListing
from optotype.sequences import frame_files
from optotype.tables import Ints, Tracks
from optotype.track_trees import framed

_EXPECTED = "detections: a folder of SEQ.txt, sequences with det/det.txt, one such file, or .npz"


def read_detected(
    path: Path,
    *,
    images: Path | None = None,
    sequences: Sequence[str] | None = None,
    classes: tuple[str, ...] | None = None,
    like: Tracks | None = None,
) -> TrackListing:
    """Detections with the frames they are of; ``images`` may also be a video, or a folder of SEQ.mp4 and the like.

    ``like``: on that table's sequences and in its classes. Raises InputError where ``path`` holds images instead of
    boxes.
    """
    _refuse_frames(path)
    videos = _videos(images)
    told = None if videos or like is not None else images
    found = read_track_detections(path, sequences=sequences, images=told, classes=classes, like=like)
    if videos:
        return _filmed(found, videos, images)
    if like is not None and images is not None:
        items = framed(found.tracks.items, images)
        return replace(found, tracks=replace(found.tracks, items=items))
    return found


def _refuse_frames(path: Path) -> None:
    """Say what is wanted where somebody hands over what a detector would look at."""
    got = ""
    if is_video(path):
        got = "a video"
    elif path.is_dir() and frame_files(path):
        got = "a folder of images"
    elif (
        path.is_dir() and not any(path.rglob("*.txt")) and any(frame_files(child / "img1") for child in path.iterdir())
    ):
        got = "sequences of images without det/det.txt"
    if got:
        raise InputError(str(path), _EXPECTED, got,
                         "Run a detector first and give its boxes here; frames are named by --images.")  # fmt: skip


def _videos(images: Path | None) -> dict[str, Path]:
    """The video files that ``images`` names, by their names without suffix."""
    if images is None:
        return {}
    if is_video(images):
        return {images.stem: images}
    inside = sorted(images.iterdir()) if images.is_dir() else []
    return {child.stem: child for child in inside if is_video(child)}


def _filmed(found: TrackListing, videos: dict[str, Path], images: Path | None) -> TrackListing:
    """The detections with length, rate and size of their videos; what was guessed of these is not told any more."""
    tracks = found.tracks
    names = tracks.items.key.tolist()
    if len(names) == len(videos) == 1:
        videos = {names[0]: next(iter(videos.values()))}
    if lacking := [name for name in names if name not in videos]:
        raise InputError(f"--images {images}", f"a video called {lacking[0]}", f"{', '.join(list(videos)[:5])}",
                         "Name videos as their sequences.")  # fmt: skip
    films = [footage(videos[name]) for name in names]
    items = replace(
        tracks.items, root=Path(), path=np.array([str(film.path.resolve()) for film in films]),
        width=np.array([film.width for film in films], np.int32),
        height=np.array([film.height for film in films], np.int32),
    )  # fmt: skip
    length = np.array([film.length for film in films], np.int32)
    _check_reach(tracks, length, films)
    rate = np.array([film.rate for film in films], np.float64)
    told = tuple(text for text in found.warnings if "no seqinfo.ini" not in text)
    return replace(found, tracks=replace(tracks, items=items, length=length, rate=rate), warnings=told)


def _check_reach(tracks: Tracks, length: Ints, films: list[Footage]) -> None:
    if len(tracks) and len(beyond := np.flatnonzero(tracks.frame > length[tracks.item])):
        row = int(beyond[0])
        film = films[int(tracks.item[row])]
        where = f"detections of '{tracks.items.key[tracks.item[row]]}'"
        raise InputError(where, f"frames 1 … {film.length:,} of its video", f"frame {tracks.frame[row]:,}",
                         "Check that they belong together.")  # fmt: skip


def footage_of(tracks: Tracks, item: int) -> Footage | None:
    """The frames of a sequence, None where it is not known where they are."""
    if not tracks.items.path[item]:
        return None
    path = tracks.items.file(item)
    return footage(path) if path.exists() else None
