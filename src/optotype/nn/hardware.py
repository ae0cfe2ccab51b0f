"""Which device, precision and memory layout a model runs with, chosen from what the hardware has and said in
words.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from optotype.errors import InputError
from optotype.machine import usable_cores

Precision = Literal["float32", "bfloat16"]

BF16_UNITS = ("amx_bf16", "avx512_bf16")
"""Processor features that multiply bfloat16; a matrix unit first. Without one bfloat16 is emulated and slow."""


@dataclass(frozen=True)
class Hardware:
    """``device`` is torch's name; ``reason`` says in words why precision and layout were chosen."""

    device: str
    name: str
    precision: Precision
    channels_last: bool
    threads: int
    reason: str

    @property
    def kind(self) -> str:
        """cpu, cuda or mps."""
        return self.device.partition(":")[0]

    @property
    def memory_format(self) -> torch.memory_format:
        """Layout of images and weights."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    @property
    def dtype(self) -> torch.dtype:
        """Type of the images that are fed in training."""
        return torch.bfloat16 if self.precision == "bfloat16" else torch.float32

    @property
    def exact(self) -> str:
        """Device for sums in float64: mps has none, so they are taken on the processor."""
        return "cpu" if self.kind == "mps" else self.device

    def autocast(self) -> AbstractContextManager[Any]:
        """Where the forward pass runs: weights stay float32, products are taken in ``precision``."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.kind, dtype=torch.bfloat16)

    def place(self, module: torch.nn.Module) -> None:
        """Move a network to the device, its weights in the layout."""
        module.to(device=self.device, memory_format=self.memory_format)  # type: ignore[call-overload]  # not in torch's types

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Torch's number of threads, for a while."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def synchronize(self) -> None:
        """Wait for the device, so that a clock tells the truth."""
        if self.kind == "cuda":
            torch.cuda.synchronize()
        elif self.kind == "mps":
            torch.mps.synchronize()

    def line(self) -> str:
        """One line for a person."""
        layout = "channels-last" if self.channels_last else "contiguous"
        threads = f", {self.threads} threads" if self.kind == "cpu" else ""
        return f"device: {self.device} ({self.name}{threads}); {self.precision}, {layout}: {self.reason}"


def choose(
    device: str = "auto", precision: str = "auto", *, threads: int = 0, local_rank: int = 0, local_ranks: int = 1
) -> Hardware:
    """The hardware to use; ``auto`` decides by features alone, so the same machine always gets the same.

    Device: cuda, else mps, else cpu. Precision: bfloat16 where the device multiplies it, else float32.
    Channels-last: on cuda, and on x86 processors. ``threads`` 0 shares the usable cores among the ranks on this
    machine. Raises InputError for a device that is not there.
    """
    kind = _kind(device)
    chosen = threads or max(1, usable_cores() // max(1, local_ranks))
    if kind == "cpu":
        unit = bf16_unit()
        fast, why = unit != "", f"the processor has {unit}" if unit else "the processor has no bfloat16 units"
        last, name = platform.machine().lower() in ("x86_64", "amd64"), processor()
    elif kind == "cuda":
        index = local_rank % torch.cuda.device_count()
        fast = torch.cuda.get_device_capability(index) >= (8, 0) and torch.cuda.is_bf16_supported()
        why = "the GPU has bfloat16 matrix units" if fast else "the GPU has no bfloat16 matrix units"
        last, name = True, torch.cuda.get_device_name(index)
        device = f"cuda:{index}"
    else:
        fast, why, last, name = False, "float32 is the safe choice on mps", False, platform.processor() or "Apple"
    if precision != "auto":
        why = "as asked for" if fast or precision == "float32" else f"as asked for, though {why}"
    elif not fast:
        precision = "float32"
    return Hardware(
        device=device if kind == "cuda" else kind,
        name=name,
        precision="bfloat16" if precision in ("auto", "bfloat16") else "float32",
        channels_last=last,
        threads=chosen,
        reason=why,
    )


def bf16_unit() -> str:
    """The processor feature that multiplies bfloat16, or an empty string."""
    read = getattr(torch.cpu, "get_capabilities", None)
    found = read() if read is not None else dict.fromkeys(_cpuinfo("flags").split(), True)
    return next((unit for unit in BF16_UNITS if found.get(unit)), "")


def processor() -> str:
    """The processor's name."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _kind(device: str) -> str:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(kind for kind, present in there.items() if present)
    if not there.get(device, False):
        have = ", ".join(kind for kind, present in there.items() if present)
        raise InputError("--device", f"a device of this machine ({have})", repr(device), "Use --device auto.")
    return device


def _cpuinfo(key: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
