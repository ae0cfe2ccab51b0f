"""Layers of torch that run as many small operations, and are one row all the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod
from typing import Any

from torch import Tensor, nn

from optotype.architecture.from_torch.ledger import Ledger
from optotype.architecture.reading import NO_AXES, Value, anywhere, channels, dimension, field_size


def gather(ledger: Ledger, module: nn.Module, first: int, inputs: Any, output: Any) -> bool:
    """Make one row of those that a module has written from ``first`` on, if it is such a layer; say whether it is."""
    before = ledger.value(inputs[0]) if inputs else None
    if before is None:
        return False
    if isinstance(module, nn.RNNBase) and isinstance(output, tuple) and isinstance(output[0], Tensor):
        states, last = output
        _recurrent(ledger, module, first, states, last if isinstance(last, tuple) else (last,), before)
        return True
    if "rmsnorm" in type(module).__name__.lower() and isinstance(output, Tensor):
        _rms_norm(ledger, first, output, before)
        return True
    return False


def _rms_norm(ledger: Ledger, first: int, output: Tensor, before: Value) -> None:
    """Normalisation by the root mean square; as other norms it is taken to keep the field."""
    wide = channels(before.places, output.shape)
    last = ledger.rows[-1].activation
    field = field_size(before.reading, ledger.input_cells)
    ledger.merge(first, "rms norm", output, channels_in=wide, channels_out=wide, field=field, activation=last)
    ledger.set(output, replace(before, row=first, number=ledger.number(), argument=None))


def _recurrent(
    ledger: Ledger, module: nn.RNNBase, first: int, states: Tensor, others: Iterable[Tensor], before: Value
) -> None:
    """Write all steps of a recurrent layer as one row; each step is taken to read all steps.

    MACs: every weight matrix at every step.
    """
    dim = states.ndim - 2 if module.batch_first or states.ndim == 2 else 0
    reading = before.mixed([dim, -1])
    matrices = sum(p.numel() for p in module.parameters() if p.ndim == 2)
    ledger.merge(
        first,
        module.mode.partition("_")[0].lower(),
        states,
        channels_in=module.input_size,
        channels_out=states.shape[-1],
        macs=prod(states.shape[:-1]) * matrices,
        field=field_size(reading, ledger.input_cells),
    )
    places = (*before.places[:-1], dimension(NO_AXES, states.shape[-1]))
    ledger.set(states, Value(reading, places, first, ledger.number()))
    for tensor in others:
        ledger.set(tensor, Value(reading, anywhere((), tensor.shape), first, ledger.number()))
