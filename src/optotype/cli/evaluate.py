"""``optotype evaluate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def evaluate(
    task: Literal["classify", "segment", "detect", "track"],
    truth: str,
    predictions: Path,
    /,
    *,
    out: Path,
    split: str | None = None,
    classes: str | None = None,
    images: Path | None = None,
    columns: Path | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
    causes: bool = True,
    report: bool = True,
    max_mb: float = 20,
    protocol: str | None = None,
    map_categories: str | None = None,
    iou_type: str | None = None,
    max_dets: Annotated[tuple[int, ...] | None, Parameter(consume_multiple=True)] = None,
    areas: Annotated[tuple[str, ...] | None, Parameter(consume_multiple=True)] = None,
    item_ids: str | None = None,
    strict: Annotated[bool, Parameter(negative=())] = False,
    sequences: Annotated[tuple[str, ...] | None, Parameter(consume_multiple=True)] = None,
    missing: Literal["error", "empty"] | None = None,
    detections: str | None = None,
    void: Literal["truth-dropped", "both-dropped", "as-fp", "as-class", "as-background"] | None = None,
    unknown: Literal["error", "void"] | None = None,
    map_classes: str | None = None,
    group: str | None = None,
    thresholds: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Measure predictions against the truth: every number with its 95 % interval, and a report of the failures.

    Parameters
    ----------
    task
        What the model does.
    truth
        classify: folder with one folder per class, CSV (path,label[,split][,group]), or a catalogued name such as
        'digits'. segment: folder of label maps: CamVid, PASCAL VOC, Cityscapes, IDD, image folders with list files, or
        plain masks with --classes. detect: COCO's JSON with images, annotations and categories. track: MOTChallenge's
        folder of sequences (SEQ/gt/gt.txt), TrackEval's tree, one sequence, a seqmap, KITTI's label_02, or .npz.
    predictions
        classify: CSV (path,label or path,<one column per class>) or .npz (path, classes, and label or scores or both).
        segment: folder of PNGs named as the images or as the truth's masks, class indices or the truth's colours.
        detect: COCO results, a JSON list of image_id, category_id, bbox, score. track: folder with SEQ.txt for each
        sequence (frame,id,left,top,width,height,score,…), or .npz.
    out
        New folder for eval.json, evidence.npz and report.html.
    split
        classify, segment: judge only this split of the truth: train, val or test.
    classes
        classify, track: the class list: a file, or a shipped map such as 'wildlife'. Default: the classes found in the
        truth. segment: the class file: names a line, or name,r,g,b where masks are colours.
    images
        Folder that holds the images, where the truth's paths do not lead to them.
    columns
        CSV path,<column>…: further properties of the items to look into, such as camera or temperature.
    bootstrap
        Resamples for the intervals; 0 leaves the intervals out.
    seed
        Seed of the resamples and permutations.
    causes
        Look for what goes with the mistakes: size, sharpness, brightness … of the images or objects, and columns.
    report
        Draw report.html.
    max_mb
        Largest size of report.html, megabytes.
    protocol
        The convention of the numbers: plain (classify, segment), coco (detect); track: plain, mot15, mot16, mot17 or
        mot20; the last three judge pedestrians alone and pass over boxes on distractors.
    map_categories
        detect: which category of the detections is which of the truth: coco80-to-91, contiguous, known-only, or a JSON,
        YAML or CSV file.
    iou_type
        detect: what overlaps are of: bbox.
    max_dets
        detect: how many detections of a class in an image count, for each AR and (the last) for AP: 1 10 100.
    areas
        detect: other sizes than small, medium and large, as NAME=LEAST-LARGEST in square pixels: tiny=0-256.
    item_ids
        detect: judge only these images: a file with an id a line, or 1,2,3.
    strict
        detect: reproduce the known bugs of pycocotools too.
    sequences
        track: judge only these: names, patterns such as '*-SDP', or seqmap files.
    missing
        track: whether a sequence without results is an error (the default), or empty.
    detections
        track: what the tracker was given, to see what it made of it. Default: what its track.json names.
    void
        segment: what becomes of void pixels: truth-dropped (the default): void truth is left out, a void prediction on
        a class is a miss; both-dropped: void predictions are left out too; as-fp: predictions inside void are false;
        as-class: void is a class; as-background: void is the first class.
    unknown
        segment: colours or values that no class has are an error (the default), or void and counted in a warning.
    map_classes
        segment: names of both sides to judge under other names: a CSV name,class, a YAML or JSON file, or idd,
        cityscapes, camvid or street18 (the three together). Truth without a name there is void.
    group
        segment: what is not independent: sequence (the default where there are any), image, blocks:N (N frames of a
        sequence), a column, or a regular expression on the path.
    thresholds
        segment: the IoUs from which on an image counts as a hit of a class, as first:last:step. Default: 0.1:1:0.1.
    json
        Print eval.json on stdout and nothing else there.
    """
    import shlex

    from optotype import results
    from optotype.cli import console

    console.say_if_first(task)
    from optotype.cli.show import show_causes, show_result
    from optotype.studies.evaluation import evaluate as run

    result = run(
        task, truth, predictions, out=out, split=split, classes=classes, images=images, columns=columns,
        resamples=bootstrap, seed=seed, causes=causes, report=report, max_mb=max_mb, say=console.say,
        protocol=protocol, map_categories=map_categories, iou_type=iou_type, max_dets=max_dets, areas=areas,
        item_ids=item_ids, strict=strict, sequences=sequences, missing=missing, detections=detections,
        void=void, unknown=unknown, group=group, map_classes=map_classes, thresholds=thresholds,
        command=shlex.join(["optotype", *sys.argv[1:]]),
    )  # fmt: skip
    if json:
        sys.stdout.write(results.encode(result).decode())
        console.warn(result.warnings)
    else:
        show_result(result)
        show_causes(result)
        console.say(f"written: {out / 'eval.json'}" + (f", {out / 'report.html'}" if report else ""))
