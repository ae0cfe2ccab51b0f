"""The tour's third leg: two trackers on simulated detections with declared faults, on sequences of the world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optotype.evidence import Evidence
from optotype.evidence import load as load_evidence
from optotype.formats import write_tracks
from optotype.results import Result
from optotype.runs import RunFolder
from optotype.studies.demo.clips import Clips, write_clips
from optotype.studies.demo.planting import findings, outcomes
from optotype.studies.demo.records import LegRecord
from optotype.studies.demo.tracker import Fault, simulate
from optotype.studies.evaluation import evaluate
from optotype.studies.paired import compare_folders, save
from optotype.studies.tracking import track
from optotype.studies.training import Progress

SEQUENCES, FRAMES, DRAWN = 22, 40, 3
"""Of the sequences so many have all their pictures, the others that of their first frame."""
BUFFER, LEAST = 0.5, 260.0
"""ByteTrack forgets after half a second, and does not put out boxes of so many square pixels or less."""

TRACKERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ByteTrack": ("bytetrack", {"buffer": BUFFER, "min_area": LEAST}),
    "IoU": ("iou", {}),
}
"""Title → tracker and its settings; the first is explained in full."""

FAULTS = (
    Fault("hidden", "What is hidden by more than half is not detected.", "hide", "FN", "occluded", frames=3),
    Fault("brief", "Now and then a thing is not detected for 3 frames.", "miss", "FN", "detection missing", 0.16, 3),
    Fault("long", "Some things are not detected for 9 frames, longer than ByteTrack remembers.", "miss", "IDSW",
          "buffer expired", 0.16, 9),
    Fault("faint", "Now and then the score of a thing is next to nothing for 5 frames.", "fade", "FN", "low score",
          0.16, 5),
    Fault("shifted", "Now and then a box lies beside its thing for 5 frames.", "misplace", "FN", "badly placed",
          0.16, 5),
    Fault("twice", "Some things are found twice for 8 frames.", "repeat", "FP", "duplicate", 0.16, 8),
    Fault("clutter", "Three times a sequence something is detected where nothing is, for 8 frames.", "imagine", "FP",
          "background", 3, 8),
    Fault("unseen", "Some of what is too little seen to count is detected.", "see", "FP", "passed over", 0.6, 8),
    Fault("small", f"ByteTrack does not put out boxes of {LEAST:g} square pixels or less.", "filter", "FN",
          "size filter", area=LEAST),
    Fault("knock", "The camera is knocked twice in every third sequence.", "knock", "IDSW", "camera jerk"),
)  # fmt: skip


def examine(folder: Path, *, seed: int, train: bool, progress: Progress, command: str) -> LegRecord:  # noqa: ARG001
    """Sequences, a simulated detector, two trackers and their examination; nothing is trained."""
    progress.say(f"the world: looking at {SEQUENCES * FRAMES:,} frames of {SEQUENCES} sequences")
    knocked = tuple((i, frame) for i in range(0, SEQUENCES, 3) for frame in (3 * FRAMES // 8, 3 * FRAMES // 4))
    clips = write_clips(
        folder / "sequences", SEQUENCES, FRAMES, seed=seed, domain="south", knocked=knocked, drawn=DRAWN
    )
    progress.say(f"simulating a detector with {len(FAULTS)} declared faults, tracking, and examining the trackers")
    made = simulate(clips.truth, FAULTS, seed=seed, knocked=knocked)
    write_tracks(folder / "detections", made.detections)
    judged = {title: _judged(folder, title, clips, seed, command) for title in TRACKERS}
    found = {
        title: outcomes(title, evidence, clips.truth, FAULTS, made.planted) for title, (_, evidence) in judged.items()
    }
    first = next(iter(TRACKERS))
    folders = [RunFolder(folder / title) for title in TRACKERS]
    compared = RunFolder(folder / "compared")
    compared.path.mkdir()
    save(compared, compare_folders(folders, list(TRACKERS), seed=seed), folders)
    return LegRecord(
        task="track",
        items=SEQUENCES * FRAMES,
        simulated=(folder / first).relative_to(folder.parent).as_posix(),
        findings=findings(found[first]),
        undeclared=[],
        sees="the truth, the detections, the tracks and the trackers' settings",
        compared=compared.path.relative_to(folder.parent).as_posix(),
        planted=[row for rows in found.values() for row in rows],
        unexplained={
            title: result.errors["events"]["all"]["unexplained"] or 0.0 for title, (result, _) in judged.items()
        },
    )


def _judged(folder: Path, title: str, clips: Clips, seed: int, command: str) -> tuple[Result, Evidence]:
    """Track the detections and examine the tracks, as anyone could with these files."""
    tracker, settings = TRACKERS[title]
    tracks, detections = folder / f"{title}-tracks", folder / "detections"
    track(detections, out=tracks, tracker=tracker, settings=settings, images=clips.folder, classes=clips.truth.classes,
          command=command)  # fmt: skip
    out = RunFolder(folder / title)
    result = evaluate(
        "track", clips.folder, tracks, out=out.path, detections=detections, seed=seed, report=False, command=command
    )
    return result, load_evidence(out.evidence)
