"""Eight samples times eight coefficients, as LLVM vectors, which numba does not make of loops so short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .voice import N_TAPS

_Numba: TypeAlias = Any  # an object of numba or llvmlite, most of which have no annotations

_BYTES = 4  # of a number, to which the vectors are aligned


def _tap_sum(
    typing_context: _Numba,  # noqa: ARG001
    wave: _Numba,
    first: _Numba,
    tables: _Numba,
    row: _Numba,
) -> tuple[_Numba, Callable[..., _Numba]]:
    """Return the signature of the sum and the function that writes its code."""
    return types.float32(wave, first, tables, row), _write_tap_sum


tap_sum: _Numba = intrinsic(_tap_sum)
"""Sum of ``wave[first : first + N_TAPS] * table[row]`` for contiguous float32 arrays, in compiled code.

Halves are added to halves, in this order on every processor. Nothing is checked: indices are those of the player.
"""


def _write_tap_sum(context: _Numba, builder: _Numba, signature: _Numba, arguments: Sequence[_Numba]) -> _Numba:
    """Write two loads, a product and the additions."""
    wave, first, table, row = arguments
    samples = _load(context, builder, signature.args[0], wave, first)
    start = builder.mul(row, ir.Constant(row.type, N_TAPS))
    total = builder.fmul(samples, _load(context, builder, signature.args[2], table, start))
    n_left = N_TAPS
    while n_left > 1:
        n_left //= 2
        low, high = (
            ir.Constant(ir.VectorType(ir.IntType(32), n_left), [*range(start, start + n_left)]) for start in (0, n_left)
        )
        halves = [builder.shuffle_vector(total, ir.Constant(total.type, ir.Undefined), mask) for mask in (low, high)]
        total = builder.fadd(*halves)
    return builder.extract_element(total, ir.Constant(ir.IntType(32), 0))


def _load(context: _Numba, builder: _Numba, kind: _Numba, array: _Numba, start: _Numba) -> _Numba:
    """Write the load of N_TAPS numbers of an array from a position on."""
    data = context.make_array(kind)(context, builder, array).data
    vector = ir.VectorType(ir.FloatType(), N_TAPS)
    address = builder.bitcast(builder.gep(data, [start]), ir.PointerType(vector))
    return builder.load(address, align=_BYTES)
