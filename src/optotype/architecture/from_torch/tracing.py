"""The layer table of a torch module, by watching one forward pass."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from optotype.architecture.from_torch.ledger import Ledger, item_shape
from optotype.architecture.from_torch.memory import Memory
from optotype.architecture.from_torch.products import WEIGHTED
from optotype.architecture.from_torch.watching import RuleError, Watch
from optotype.errors import InputError
from optotype.theory.layers import Architecture, Layer

Forward = Callable[[nn.Module, Sequence[Tensor]], Any]
"""How a module is called with its inputs, where not as ``module(*inputs)``."""

ATTENTION = (
    "Attention is counted as its plain matrix products; fused kernels compute the same without storing the scores, "
    "and need less memory."
)


def describe_module(
    module: nn.Module,
    input_shape: Sequence[int],
    *,
    name: str = "",
    source: str = "torch module",
    forward: Forward | None = None,
    notes: Sequence[str] = (),
) -> Architecture:
    """The layer table of any torch module for one float32 item of ``input_shape`` (channels first, no batch).

    Nothing is computed where the module can run on torch's ``meta`` device; else it runs once where its parameters
    are. The module itself is left as it was. ``name`` defaults to the class. ``notes`` are added to the table's.
    Raises InputError where the module cannot take such an input.

    >>> describe_module(nn.Linear(121, 512), (121,)).parameters
    62464
    """
    name = name or type(module).__name__
    tensors = [*module.parameters(), *module.buffers()]
    device = tensors[0].device if tensors else torch.device("cpu")
    tries: list[Callable[[], tuple[nn.Module, torch.device]]] = [lambda: (module, device)]
    if device.type != "meta":
        tries.insert(0, lambda: (_on_meta(module, tensors), torch.device("meta")))
    problem: Exception | None = None
    for attempt in tries:
        try:
            ready, place = attempt()
            item = torch.zeros(1, *input_shape, device=place)
            found = trace(ready, [item], name=name, source=source, forward=forward)
        except RuleError:
            raise
        except Exception as error:  # noqa: BLE001 — a module may raise anything
            problem = error
        else:
            found.notes.extend(notes)
            return found
    raise _cannot(name, input_shape, problem) from problem


def trace(
    module: nn.Module, inputs: Sequence[Tensor], *, name: str, source: str, forward: Forward | None = None
) -> Architecture:
    """The layer table of ``module`` for ``inputs``, each with a batch of one item.

    The module runs once in evaluation mode, without gradients, on the device of its parameters and inputs, which may
    be ``meta``: then nothing is computed. Its training flags are left as they were. Every operation with parameters
    or matrix products has a row, and those that change the resolution or join branches; the rows' parameters sum to
    ``sum(p.numel() for p in module.parameters())``. MACs: convolution C_out·H·W·C_in/groups·k_h·k_w, transposed
    convolution H_in·W_in·C_in·C_out/groups·k_h·k_w, matrix product m·n·k; nothing else counts. Receptive fields are
    those of the first input, by the layers' arithmetic; normalisations are taken to keep it. Raises whatever the
    module raises.

    >>> net = nn.Sequential(nn.Conv2d(3, 5, 5), nn.ReLU(), nn.MaxPool2d(3, stride=2))
    >>> table = trace(net, [torch.zeros(1, 3, 256, 256)], name="net", source="example")
    >>> [(layer.name, layer.kind, layer.activation, layer.output, layer.field) for layer in table.layers]
    [('0', 'conv', 'relu', (5, 252, 252), (5, 5)), ('2', 'max pool', '', (5, 125, 125), (7, 7))]
    >>> table.parameters, table.macs
    (380, 23814000)
    """
    module = getattr(module, "_orig_mod", module)  # what torch.compile wraps
    ledger = Ledger(module, inputs)
    memory = Memory([*module.parameters(), *module.buffers()], inputs)
    watch = Watch(ledger, memory, module)
    with ExitStack() as stack:
        for context in (_evaluating(module), _plain_attention(), watch.modules(), torch.no_grad(), watch):
            stack.enter_context(context)
        result = module(*inputs) if forward is None else forward(module, inputs)
    memory.before()
    del result
    attention = any(layer.name.endswith(WEIGHTED) for layer in ledger.rows)
    notes = [ATTENTION] if attention else []
    if ledger.foreign:
        notes.append(f"Operations without a rule, whose work is not counted: {', '.join(sorted(ledger.foreign))}.")
    notes += _leftover(ledger)
    return Architecture(name, source, item_shape(inputs[0]), ledger.rows, memory.peak, notes)


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode; every module's own flag is restored."""
    flags = [(m, m.training) for m in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for m, flag in flags:
            m.training = flag


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Attention as its matrix products, whichever fused kernels there are."""
    was = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(was)


def _leftover(ledger: Ledger) -> list[str]:
    """Write rows for the parameters that the forward pass does not use, one for each module of which none is used."""
    used = set(ledger.sizes) - ledger.uncounted
    groups: dict[str, list[str]] = {}
    for name in ledger.sizes:
        if name in ledger.uncounted:
            groups.setdefault(_unused_part(name, used), []).append(name)
    for part, names in groups.items():
        ledger.rows.append(Layer(part, "parameter", parameters=ledger.take(names)))
    shown = ", ".join(list(groups)[:5]) + (f" … ({len(groups)} in all)" if len(groups) > 5 else "")
    return [f"Not used when the network predicts, and at the end of the table: {shown}."] if groups else []


def _unused_part(name: str, used: set[str]) -> str:
    """The outermost module around a parameter of which no parameter is used; the parameter itself if there is none."""
    parts = name.split(".")
    prefixes = (".".join(parts[:depth]) for depth in range(1, len(parts)))
    return next((p for p in prefixes if not any(other.startswith(f"{p}.") for other in used)), name)


def _on_meta(module: nn.Module, tensors: Sequence[Tensor]) -> nn.Module:
    """A copy whose parameters and buffers have shapes and no numbers; the module itself is not touched."""
    memo: dict[int, Any] = {}
    for tensor in tensors:
        empty = torch.empty_like(tensor, device="meta")
        memo[id(tensor)] = nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty
    return copy.deepcopy(module, memo)


def _cannot(name: str, input_shape: Sequence[int], error: Exception | None) -> InputError:
    reason = (str(error).strip().splitlines() or [""])[0][:300]
    return InputError(
        f"describing {name}",
        f"a network that takes one item of {'×'.join(map(str, input_shape))}",
        f"{type(error).__name__}: {reason}",
        "Give the input that it is made for, such as --input 3x224x224.",
    )
