"""How much memory the tensors of a forward pass take at once."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef


class Memory:
    """Bytes of all storages that live at the same time, as torch frees them.

    Views and in-place operations share a storage. Parameters and buffers are not counted, nor what an operation gives
    and nobody keeps (the positions of a max pooling, say).
    """

    def __init__(self, ignored: Iterable[Tensor], inputs: Iterable[Tensor]) -> None:
        self._ignored = {_key(t) for t in ignored}
        self._living: dict[int, tuple[StorageWeakRef, int]] = {}
        self._new: list[int] = []
        self._before = 0
        self.peak = 0
        self.after(inputs)
        self.before()

    def before(self) -> None:
        """Call before each operation, and at the end: see which results of the last one are kept."""
        dead = [key for key, (storage, _) in self._living.items() if storage.expired()]  # type: ignore[no-untyped-call]
        for key in dead:
            del self._living[key]
        kept = sum(self._living[key][1] for key in self._new if key in self._living)
        self.peak = max(self.peak, self._before + kept)
        self._new = []
        self._before = sum(size for _, size in self._living.values())

    def after(self, outputs: Iterable[Tensor]) -> None:
        """Call after each operation with what it gave."""
        for tensor in outputs:
            key = _key(tensor)
            if key not in self._living and key not in self._ignored:
                storage = tensor.untyped_storage()
                self._living[key] = (StorageWeakRef(storage), storage.nbytes())  # type: ignore[no-untyped-call]
                self._new.append(key)


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
