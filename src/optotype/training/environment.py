"""What a run ran on: machine, versions, device."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from optotype.machine import usable_cores
from optotype.nn.hardware import Hardware, processor
from optotype.nn.models import Model
from optotype.training.ranks import Ranks
from optotype.version import VERSION

PACKAGES = ("torch", "torchvision", "timm", "numpy", "numba", "pillow", "safetensors")

DECISIVE = ("versions", "processor", "device", "device_name", "precision", "layout", "threads", "ranks")
"""What a resumed run must share with its beginning to reach the same bits."""


def describe(hardware: Hardware, ranks: Ranks, model: Model) -> dict[str, Any]:
    """The content of ``env.json``."""
    return {
        "versions": {"optotype": VERSION, "python": platform.python_version(), **_versions()},
        "system": platform.platform(),
        "processor": processor(),
        "cores": usable_cores(),
        "memory_gib": _memory_gib(),
        "device": hardware.device,
        "device_name": hardware.name,
        "precision": hardware.precision,
        "layout": "channels-last" if hardware.channels_last else "contiguous",
        "why": hardware.reason,
        "threads": hardware.threads,
        "ranks": ranks.world,
        "model": {"name": model.name, "parameters": model.parameters},
        "weights": model.weights,
    }


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Which of the decisive facts changed, as ``what: before → now``."""
    return [f"{key}: {before.get(key)} → {now.get(key)}" for key in DECISIVE if before.get(key) != now.get(key)]


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _memory_gib() -> float | None:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
