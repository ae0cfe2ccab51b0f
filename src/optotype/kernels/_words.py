"""Memory read by address, and the machine's bit and product instructions that NumPy has no names for.

Addresses are int64 and unchecked: whoever passes one must own bytes up to eight past it for as long. Little-endian.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic


def _load(width: int, result: Any) -> Any:
    def load(_: Any, _address: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            kind = context.get_value_type(result)
            pointer = builder.inttoptr(arguments[0], kind.as_pointer())
            value = builder.load(pointer)
            value.align = 1  # the words of a text begin anywhere
            return value

        return result(types.int64), generate

    load.__name__ = f"load{width}"
    return intrinsic(load)


byte: Any = _load(1, types.uint8)
"""The byte at an address."""

word: Any = _load(8, types.uint64)
"""The eight bytes from an address on, the first of them lowest."""


def _zeros(leading: bool) -> Any:
    def zeros(_: Any, _value: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            count = builder.ctlz if leading else builder.cttz
            return count(arguments[0], context.get_constant(types.boolean, False))

        return types.int64(types.uint64), generate

    zeros.__name__ = "leading" if leading else "trailing"
    return intrinsic(zeros)


leading: Any = _zeros(True)
"""Number of zero bits above the highest set bit of a uint64."""

trailing: Any = _zeros(False)
"""Number of zero bits below the lowest set bit of a uint64."""


def _high(_: Any, _a: Any, _b: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        wide = context.get_value_type(types.uint64).__class__(128)
        product = builder.mul(builder.zext(arguments[0], wide), builder.zext(arguments[1], wide))
        shifted = builder.lshr(product, wide(64))
        return builder.trunc(shifted, context.get_value_type(types.uint64))

    return types.uint64(types.uint64, types.uint64), generate


high: Any = intrinsic(_high)
"""Upper 64 bits of the product of two uint64."""


def _real(_: Any, _bits: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.uint64), generate


real: Any = intrinsic(_real)
"""The float64 that has these bits."""
