"""The embedded world: frames a second on one core, and how well a detector trained on photos finds its cars and people.

    python benchmarks/bench_world.py [--frames 40] [--size 480x360] [--repeats 3] [--detector FOLDER]

Times are per frame, minima over ``--repeats``, scene drawing included and named; kernels are compiled before. The
detector is YOLOX-nano (416 × 416, COCO) from a folder with ``yolox_nano.onnx`` and ``coco_classes.txt``, by default
``$OPTOTYPE_DATA/yolox_nano``; needs onnxruntime and pycocotools. AP50 is pycocotools' over visible boxes; riders count
as persons as they do in COCO, small crowds and what the world itself does not count as an object are ignored.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from optotype.world.attributes import OBJECT, objects
from optotype.world.labels import OBJECT_CLASSES
from optotype.world.render import render
from optotype.world.scene import Frame
from optotype.world.streets import scene

SIZE = 416
COUNTED = {"person": "person", "rider": "person", "car": "car"}
VEHICLES = ("car", "truck", "bus")


def speed(frames: int, width: int, height: int, repeats: int) -> None:
    for domain in ("north", "south"):
        render(scene(0, 0, domain, width=width, height=height))
        drawing, rendering = [], []
        for index in range(frames):
            best_draw = best_render = np.inf
            for _ in range(repeats):
                start = time.perf_counter()
                drawn = scene(0, index, domain, width=width, height=height)
                middle = time.perf_counter()
                render(drawn)
                best_draw, best_render = min(best_draw, middle - start), min(best_render, time.perf_counter() - middle)
            drawing.append(best_draw)
            rendering.append(best_render)
        mean = np.mean(drawing) + np.mean(rendering)
        print(
            f"{domain}: {1 / mean:5.1f} frames/s at {width}×{height} on one core; "
            f"{1e3 * np.mean(drawing):.1f} ms scene, "
            f"{1e3 * np.mean(rendering):.1f} ms image (slowest {1e3 * max(rendering):.0f} ms)"
        )


def detect(session: Any, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes x, y, w, h, scores and classes after non-maximum suppression, as YOLOX's own demo decodes them."""
    height, width = image.shape[:2]
    ratio = min(SIZE / height, SIZE / width)
    resized = Image.fromarray(image).resize((int(width * ratio), int(height * ratio)), Image.Resampling.BILINEAR)
    canvas = np.full((SIZE, SIZE, 3), 114, np.float32)
    canvas[: resized.height, : resized.width] = np.asarray(resized)[:, :, ::-1]
    raw = session.run(None, {session.get_inputs()[0].name: canvas.transpose(2, 0, 1)[None]})[0][0]
    cells, strides = [], []
    for stride in (8, 16, 32):
        n = SIZE // stride
        y, x = np.mgrid[:n, :n]
        cells.append(np.stack([x, y], axis=-1).reshape(-1, 2))
        strides.append(np.full((n * n, 1), stride))
    stride = np.concatenate(strides)
    centre, size = (raw[:, :2] + np.concatenate(cells)) * stride, np.exp(raw[:, 2:4]) * stride
    box = np.concatenate([centre - size / 2, size], axis=1) / ratio
    scores = raw[:, 4:5] * raw[:, 5:]
    row, kind = np.nonzero(scores > 0.01)
    return suppress(box[row], scores[row, kind], kind)


def suppress(box: np.ndarray, score: np.ndarray, kind: np.ndarray, limit: float = 0.65) -> tuple[np.ndarray, ...]:
    """Greedy suppression within each class."""
    order = np.argsort(-score, kind="stable")
    box, score, kind = box[order], score[order], kind[order]
    low, high = box[:, :2], box[:, :2] + box[:, 2:]
    keep: list[int] = []
    for i in range(len(box)):
        if keep:
            inner = np.minimum(high[i], high[keep]) - np.maximum(low[i], low[keep])
            shared = np.prod(np.maximum(inner, 0), axis=1)
            union = np.prod(box[i, 2:]) + np.prod(box[keep, 2:], axis=1) - shared
            if ((shared / union > limit) & (kind[keep] == kind[i])).any():
                continue
        keep.append(i)
    return box[keep], score[keep], kind[keep]


def truth(frame: Frame, number: int) -> list[dict[str, Any]]:
    """COCO annotations; what is hardly seen, and crowds, are to be ignored."""
    found = objects(frame)
    out = []
    for row in range(len(found)):
        name = OBJECT_CLASSES[found.kind[row]]
        if name in COUNTED:
            crowd = int(found.status[row] != OBJECT)
            out.append({"image_id": number, "name": COUNTED[name], "bbox": found.box[row].tolist(), "iscrowd": crowd})
    return out


def average_precision(folder: Path, frames: int, width: int, height: int, seed: int) -> None:
    import onnxruntime
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "yolox_nano.onnx"), options)
    names = (folder / "coco_classes.txt").read_text().split("\n")
    for domain in ("north", "south"):
        annotations: list[dict[str, Any]] = []
        detections: list[dict[str, Any]] = []
        for index in range(frames):
            frame = render(scene(seed, index, domain, width=width, height=height))
            annotations += truth(frame, index)
            box, score, kind = detect(session, frame.image)
            for b, s, k in zip(box, score, kind, strict=True):
                if names[k] in ("person", "car"):
                    detections.append({"image_id": index, "category_id": int(k), "bbox": b.tolist(), "score": float(s)})
        for number, annotation in enumerate(annotations, 1):
            annotation |= {"id": number, "category_id": names.index(annotation["name"])}
            annotation["area"] = annotation["bbox"][2] * annotation["bbox"][3]
        coco = COCO()
        categories = [{"id": names.index(name), "name": name} for name in ("person", "car")]
        coco.dataset = {
            "images": [{"id": k} for k in range(frames)],
            "annotations": annotations,
            "categories": categories,
        }
        with contextlib.redirect_stdout(io.StringIO()):
            coco.createIndex()
            judged = COCOeval(coco, coco.loadRes(detections), "bbox")
            judged.evaluate()
            judged.accumulate()
        for k, category in enumerate(judged.params.catIds):
            values = judged.eval["precision"][0, :, k, 0, -1]
            recall = judged.eval["recall"][0, k, 0, -1]
            count = sum(a["category_id"] == category and not a["iscrowd"] for a in annotations)
            average = values[values > -1].mean()
            print(f"{domain}: AP50 {names[category]:6s} {average:.3f}  (recall {recall:.2f}, {count} objects)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--judged", type=int, default=100, help="frames for the detector")
    parser.add_argument("--seed", type=int, default=0, help="of the detector's frames")
    parser.add_argument("--size", default="480x360")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--detector", type=Path, default=Path(os.environ.get("OPTOTYPE_DATA", ".")) / "yolox_nano")
    parsed = parser.parse_args()
    width, height = (int(side) for side in parsed.size.split("x"))
    if parsed.frames:
        speed(parsed.frames, width, height, parsed.repeats)
    if parsed.judged and (parsed.detector / "yolox_nano.onnx").exists():
        average_precision(parsed.detector, parsed.judged, width, height, parsed.seed)


if __name__ == "__main__":
    main()
