"""Several processes that train one model, as torchrun starts them; a single process is the case of one rank."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from optotype.nn.hardware import Hardware

AGREE_EVERY = 8
"""Steps between two moments at which the ranks agree on whether to stop."""


@dataclass(frozen=True)
class Ranks:
    """One process, the ``rank``-th of ``world``; ``local`` among the ``local_world`` of its machine."""

    rank: int = 0
    world: int = 1
    local: int = 0
    local_world: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    @classmethod
    def of_environment(cls) -> Ranks:
        """As torchrun's environment variables say."""
        read = os.environ.get
        world = int(read("WORLD_SIZE", "1"))
        rank = int(read("RANK", "0"))
        return cls(rank, world, int(read("LOCAL_RANK", str(rank))), int(read("LOCAL_WORLD_SIZE", str(world))))

    def total(self, values: Tensor) -> list[float]:
        """Sum of float64 ``values`` over the ranks."""
        values = values.detach().to("cpu", torch.float64)
        if self.world > 1:
            dist.all_reduce(values)
        return [float(value) for value in values]

    def any(self, flag: bool) -> bool:
        """Whether the flag is set on some rank."""
        return self.total(torch.tensor([float(flag)]))[0] > 0 if self.world > 1 else flag

    def barrier(self) -> None:
        """Wait for all."""
        self.any(False)

    def share_buffers(self, module: nn.Module) -> None:
        """Give all ranks the first one's buffers (running means of normalisation), so that they judge one
        model.
        """
        if self.world > 1:
            for buffer in module.buffers():
                dist.broadcast(buffer, 0)

    def wrap(self, module: nn.Module, hardware: Hardware) -> nn.Module:
        """The module with gradients averaged over the ranks; itself where there is one."""
        if self.world == 1:
            return module
        on_gpu = hardware.kind == "cuda"
        return nn.parallel.DistributedDataParallel(module, device_ids=[self.local] if on_gpu else None)


@contextmanager
def joined(ranks: Ranks, hardware: Hardware) -> Iterator[None]:
    """Be one of the processes; sums over CPU numbers go through gloo, gradients on GPUs through NCCL."""
    if ranks.world == 1 or dist.is_initialized():
        yield
        return
    dist.init_process_group("cpu:gloo,cuda:nccl" if hardware.kind == "cuda" else "gloo")
    try:
        yield
    finally:
        gc.collect()  # DDP's own cycles hold the group, whose threads must end before the interpreter does
        dist.destroy_process_group()
