"""What a trained classifier says about a split: each rank its share, the first one all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from optotype.files import replacing
from optotype.tables import Labels
from optotype.training.feed import Feed, Rows
from optotype.training.measure import scores


def predict_rows(
    module: nn.Module, feed: Feed, rows: Rows, to_scores: Callable[[Tensor], Tensor], folder: Path
) -> Labels | None:
    """Predictions of ``rows`` in float32, in their order; None on all ranks but the first.

    Every rank writes its share into ``folder``; the first merges them.
    """
    ranks, truth = feed.ranks, feed.truth
    assert isinstance(truth, Labels), "the truth of a classifier"
    seen, found = scores(module, feed.measuring(rows, torch.float32), to_scores, feed.hardware)
    if ranks.world > 1:
        _write(_shard(folder, ranks.rank), seen, found)
        ranks.barrier()
        if ranks.first:
            seen, found = _merged([_shard(folder, rank) for rank in range(ranks.world)])
        ranks.barrier()  # nobody writes the next shards before these are read
        if not ranks.first:
            return None
    order = np.argsort(seen, kind="stable")
    if not np.array_equal(seen[order], np.sort(rows)):
        raise AssertionError("every item must be predicted once")
    place = order[np.argsort(np.argsort(rows, kind="stable"), kind="stable")]
    taken = np.ascontiguousarray(found[place])
    return Labels(truth.items.take(rows), truth.classes, taken.argmax(1).astype(np.int32), taken)


def _shard(folder: Path, rank: int) -> Path:
    return folder / f"predictions.rank-{rank}.npz"


def _merged(shards: Sequence[Path]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    parts = [_read(shard) for shard in shards]
    for shard in shards:
        shard.unlink()
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts if len(part[0])])


def _write(path: Path, rows: NDArray[np.int64], found: NDArray[np.float64]) -> None:
    with replacing(path) as stream:
        np.savez(stream, rows=rows, scores=found)


def _read(path: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["rows"], arrays["scores"]
