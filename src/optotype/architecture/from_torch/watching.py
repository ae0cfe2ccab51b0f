"""Watching a forward pass: every operation, the module at work, the memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

from optotype.architecture.from_torch.ledger import Call, Ledger, item_shape
from optotype.architecture.from_torch.meeting import pointwise
from optotype.architecture.from_torch.memory import Memory
from optotype.architecture.from_torch.modules import gather
from optotype.architecture.from_torch.ops import COSTLY, HANDLERS


class RuleError(Exception):
    """A rule of ours failed on an operation: our mistake, not the module's."""


@contextmanager
def _ours(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise RuleError(f"{what}: {type(error).__name__}: {error}") from error


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operation of the forward pass, and which module is at work."""

    def __init__(self, ledger: Ledger, memory: Memory, module: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._ledger, self._memory = ledger, memory
        self._paths = {id(m): path for path, m in reversed(list(module.named_modules(remove_duplicate=False)))}
        self._at_work: list[tuple[str, int]] = [("", 0)]

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self._memory.before()
        result = func(*args, **(kwargs or {}))
        outputs = [t for t in (result if isinstance(result, (tuple, list)) else (result,)) if isinstance(t, Tensor)]
        self._memory.after(outputs)
        if outputs:
            name = func._schema.name.partition("::")[2]
            changes = bool(func._schema.is_mutable)
            call = Call(name.rstrip("_") if changes else name, _arguments(func, args, kwargs or {}), outputs, self.path)
            with _ours(name):
                _enter(self._ledger, call, func, changes=changes)
        return result

    @property
    def path(self) -> str:
        """The path of the innermost module at work."""
        return self._at_work[-1][0]

    @contextmanager
    def modules(self) -> Iterator[None]:
        """Know the module at work; nothing is attached to the modules themselves."""
        hooks = [
            register_module_forward_pre_hook(self._begin),
            register_module_forward_hook(self._end, always_call=True),
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _begin(self, module: nn.Module, _inputs: Any) -> None:
        self._at_work.append((self._paths.get(id(module), self.path), len(self._ledger.rows)))

    def _end(self, module: nn.Module, inputs: Any, output: Any) -> None:
        _, first = self._at_work.pop()
        ledger = self._ledger
        with _ours(type(module).__name__):
            if len(ledger.rows) > first and gather(ledger, module, first, inputs, output):
                return
        whole = len(ledger.rows) == first + 1 and isinstance(output, Tensor) and not list(module.children())
        value = ledger.value(output) if whole else None
        # Torch flattens tokens for a linear layer, and adds a dimension to pool a single one.
        if value is not None and value.row == first:
            ledger.change(first, output=item_shape(output))


def _enter(ledger: Ledger, call: Call, func: Any, *, changes: bool) -> None:
    """Write down one operation."""
    if not ledger.values(call.tensors()) and call.name not in COSTLY:
        ledger.derive(call)
        return
    before = ledger.value(call.output) if changes else None
    handler = HANDLERS.get(call.name) or (pointwise if torch.Tag.pointwise in func.tags else _other)
    if handler is _other and func.namespace != "aten":
        ledger.foreign.add(f"{func.namespace}::{call.name}")
    try:
        handler(ledger, call)
    except LookupError:  # a variant with other arguments, or one of which only a minor argument depends on the input
        _other(ledger, call)
    after = ledger.value(call.output)
    if changes and after is not None and (before is None or after.number != before.number):
        ledger.wrote(call.output)


def _other(ledger: Ledger, call: Call) -> None:
    """An operation without a rule: its parameters are counted, and what it reads is not known."""
    names = ledger.made_of(t for t in call.tensors() if ledger.value(t) is None)
    ledger.give_unknown(call)
    value = ledger.value(call.output)
    if names and value is not None:
        ledger.add("parameter", call, value.reading, macs=None)


def _arguments(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name, with the defaults."""
    schema = func._schema.arguments
    found = {a.name: a.default_value for a in schema if a.has_default_value()}
    found.update(zip((a.name for a in schema), args, strict=False))
    return {**found, **kwargs}
