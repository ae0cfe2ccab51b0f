"""What a person sees while a model trains: a bar with ETA on a terminal, plain lines otherwise."""

from __future__ import annotations

from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from optotype.cli import console


class Progress:
    """Receives lines, steps and epochs; draws a bar only where stderr is a terminal."""

    def __init__(self) -> None:
        self._bars = Bars(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"), console=console.err, transient=True, disable=not console.err.is_terminal,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._title = ""

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def say(self, line: str) -> None:
        """One line above the bar."""
        console.say(line)

    def begin(self, title: str) -> None:
        """A new model is being trained; its bar replaces the last one's."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task, self._title = None, title

    def step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """One optimisation step is done; ``epoch`` and ``step`` count from 1."""
        text = f"{self._title} epoch {epoch}".strip()
        if self._task is None:
            self._task = self._bars.add_task(text, total=steps, note="")
        self._bars.update(self._task, description=text, completed=step, total=steps, note=f"loss {loss:.3f}")
