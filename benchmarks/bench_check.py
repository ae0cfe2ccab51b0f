"""Time of ``optotype check`` on 10,000 small photos; target: at most 60 s on 2 cores.

python benchmarks/bench_check.py [--photos 10000] [--threads 2]

The photos (320 × 240 JPEG, smooth random scenes with noise, about 20 kB each) are generated from a seed into a
temporary folder first; one in a hundred is an exact copy and one in a hundred a re-encoded one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from optotype.data import duplicates
from optotype.data.check import check
from optotype.data.inspection import inspect
from optotype.formats import read_labels

CLASSES = 10


def scene(i: int) -> Image.Image:
    draw = np.random.default_rng([7, i])
    coarse = Image.fromarray(draw.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((320, 240), Image.Resampling.BICUBIC)).astype(np.int16)
    return Image.fromarray((smooth + draw.integers(-12, 13, smooth.shape)).clip(0, 255).astype(np.uint8))


def write(folder: Path, i: int) -> None:
    path = folder / f"class{i % CLASSES}" / f"{i:06}.jpg"
    if i % 100 == 99:
        shutil.copy(folder / f"class{(i - 1) % CLASSES}" / f"{i - 1:06}.jpg", path)
    elif i % 100 == 97:
        scene(i - 1).resize((240, 180)).save(path, quality=60)
    else:
        scene(i).save(path, quality=88)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for c in range(CLASSES):
            (folder / f"class{c}").mkdir()
        with ThreadPoolExecutor() as pool:
            later = [i for i in range(options.photos) if i % 100 == 99]
            list(pool.map(lambda i: write(folder, i), (i for i in range(options.photos) if i % 100 != 99)))
            list(pool.map(lambda i: write(folder, i), later))
        begin = time.perf_counter()
        found = check(folder, threads=options.threads)
        whole = time.perf_counter() - begin
        begin = time.perf_counter()
        labels = read_labels(folder)
        listed = time.perf_counter() - begin
        paths = [labels.items.file(i) for i in range(len(labels))]
        begin = time.perf_counter()
        inspection = inspect(paths, threads=options.threads)
        looked = time.perf_counter() - begin
        begin = time.perf_counter()
        duplicates.find(inspection)
        searched = time.perf_counter() - begin
    print(
        json.dumps(
            {
                "photos": options.photos,
                "threads": options.threads,
                "check_s": round(whole, 2),
                "target_s": 60,
                "listing_s": round(listed, 2),
                "decoding_s": round(looked, 2),
                "duplicates_s": round(searched, 2),
                "exact": found.count("exact_duplicates"),
                "near": found.count("near_duplicates"),
            }
        )
    )


if __name__ == "__main__":
    main()
