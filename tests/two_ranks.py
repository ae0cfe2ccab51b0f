"""What torchrun starts in the tests: one training on several processes. Arguments: work folder, run's name, then
key=value settings."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np

import segment_training_tools as segment
from optotype.nn.models import SEGMENTERS
from optotype.training import loop
from optotype.training.ranks import Ranks
from training_tools import photos, run


def main(root: Path, name: str, changes: dict[str, object]) -> None:
    ranks = Ranks.of_environment()
    seen: list[int] = []
    original = loop.Loop._step

    def noting(self, batches, count, stopwatch):  # type: ignore[no-untyped-def]
        def watched():  # type: ignore[no-untyped-def]
            for batch in batches:
                seen.extend(batch.index.tolist())
                yield batch

        return original(self, watched(), count, stopwatch)

    loop.Loop._step = noting  # type: ignore[method-assign]
    if changes.get("task") == "segment":
        SEGMENTERS["steady"] = partial(segment.TinySegmenter, drop=0.0)
        segment.run(root, segment.scenes(root / "scenes", 22, write=False), name, **changes)
    else:
        run(root, photos(root / "photos", 25, val=0.24, test=0.24, write=False), name, **changes)
    np.save(root / f"seen-{name}-{ranks.rank}.npy", np.array(seen, np.int64))


if __name__ == "__main__":
    from optotype.training.settings import typed

    base = {"data": "photos", "model": "small_cnn"}
    given = dict(text.split("=", 1) for text in sys.argv[3:])
    config = typed({**base, **given}, where="arguments")
    main(Path(sys.argv[1]), sys.argv[2], {key: getattr(config, key) for key in given})
