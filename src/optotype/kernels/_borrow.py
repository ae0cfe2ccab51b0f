"""Arrays without reference counts, for loops that hand arrays to other kernels millions of times.

Numba counts references with atomic instructions at each call between kernels, which costs more than a short kernel
itself. A borrowed array is the same memory without an owner: the caller must hold the array for as long.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic


def _borrow(_: Any, array: Any) -> Any:
    if not isinstance(array, types.Array):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, value=arguments[0])
        view.meminfo = view.meminfo.type(None)
        view.parent = view.parent.type(None)
        return view._getvalue()

    return array(array), generate


borrowed: Any = intrinsic(_borrow)
"""The array without its owner. Only for arguments of a kernel that Python calls, which outlive the call."""
