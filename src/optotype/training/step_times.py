"""What the seconds of a step are spent on."""

from __future__ import annotations

import time

from optotype.diagnose.epochs import StepTimes
from optotype.nn.hardware import Hardware

SAMPLED = 20
"""On a GPU every so many steps one is timed, since a true clock must wait for the device."""


class Stopwatch:
    """``begin`` a step, ``mark`` the end of each of its parts; ``means`` says what they took."""

    def __init__(self, hardware: Hardware) -> None:
        self._hardware = hardware
        self._spent = dict.fromkeys(StepTimes.__struct_fields__, 0.0)
        self._steps = 0
        self._running = False
        self._last = 0.0

    def begin(self, step: int) -> None:
        """A step begins; on a GPU most are not timed."""
        self._running = self._hardware.kind == "cpu" or step % SAMPLED == 0
        if self._running:
            self._steps += 1
            self._hardware.synchronize()
            self._last = time.perf_counter()

    def mark(self, part: str) -> None:
        """What was done since the last mark was ``part``."""
        if self._running:
            self._hardware.synchronize()
            now = time.perf_counter()
            self._spent[part] += now - self._last
            self._last = now

    def means(self) -> StepTimes:
        """Mean seconds of each part of a step."""
        return StepTimes(**{part: spent / max(1, self._steps) for part, spent in self._spent.items()})
