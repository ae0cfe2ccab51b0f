"""What the machine lets this process use."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Cores that this process may run on, at least one; fewer than the machine has in a container or under taskset."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
