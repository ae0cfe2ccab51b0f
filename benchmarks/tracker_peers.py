"""One tracker of one package on saved detections, for bench_trackers.py: ``python tracker_peers.py PEER FILE…``.

Runs in an interpreter that has the package and NumPy. What a package wants as detections is built beforehand; only the
tracker is timed. Prints the seconds and the number of identities.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

warnings.filterwarnings("ignore")


def detections(corners: np.ndarray, score: np.ndarray) -> Any:
    import supervision

    return supervision.Detections(xyxy=corners, confidence=score, class_id=np.zeros(len(score), int))


def identities(found: Any) -> list[int]:
    return [int(i) for i in (found.tracker_id if found.tracker_id is not None else []) if i >= 0]


Peer = tuple[Callable[..., Any], Callable[[], Any], Callable[..., Any]]


def roboflow(name: str) -> Peer:
    import trackers

    return detections, getattr(trackers, name), lambda tracker, seen: identities(tracker.update(seen))


def supervision_bytetrack() -> Peer:
    import supervision

    def step(tracker: Any, seen: Any) -> list[int]:
        return identities(tracker.update_with_detections(seen))

    tracker = supervision.ByteTrack
    return detections, lambda: tracker(frame_rate=30), step


def norfair_iou() -> Peer:
    import norfair

    def build(corners: np.ndarray, score: np.ndarray) -> list[Any]:
        pairs = zip(corners.astype(float), score, strict=True)
        return [norfair.Detection(points=c.reshape(2, 2), scores=np.array([s, s])) for c, s in pairs]

    def step(tracker: Any, seen: Any) -> list[int]:
        return [found.id for found in tracker.update(detections=seen)]

    return build, lambda: norfair.Tracker(distance_function="iou", distance_threshold=0.7), step


PEERS: dict[str, tuple[str, Callable[[], Peer]]] = {
    "trackers ByteTrack": ("trackers", lambda: roboflow("ByteTrackTracker")),
    "trackers SORT": ("trackers", lambda: roboflow("SORTTracker")),
    "trackers OC-SORT": ("trackers", lambda: roboflow("OCSORTTracker")),
    "supervision ByteTrack": ("supervision", supervision_bytetrack),
    "norfair": ("norfair", norfair_iou),
}
"""What it is called, the package that it needs, and how it is run."""


def main(name: str, files: list[str]) -> None:
    build, make, step = PEERS[name][1]()
    seconds, ids = 0.0, 0
    for file in files:
        with np.load(file) as saved:
            starts, corners, score = saved["starts"], saved["corners"], saved["score"]
        frames = [build(corners[a:b], score[a:b]) for a, b in itertools.pairwise(starts.tolist())]
        tracker = make()
        began = time.perf_counter()
        found = [step(tracker, frame) for frame in frames]
        seconds += time.perf_counter() - began
        ids += len(set(itertools.chain(*found)))
    print(seconds, ids)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        from importlib.metadata import PackageNotFoundError, version

        for called, (package, prepare) in PEERS.items():
            with contextlib.suppress(ImportError, AttributeError, PackageNotFoundError):  # not in this one, or version
                prepare()
                print(f"{called}\t{package} {version(package)}")
    else:
        main(sys.argv[1], sys.argv[2:])
