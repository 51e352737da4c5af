"""Matrix times vector with the widest multiply-add of this processor, as LLVM code that numba compiles in.

A packed matrix ``(blocks, steps, ROWS * width)`` holds, for each block of ROWS rows and each step along the columns,
the ``width`` columns of that step of all ROWS rows, side by side. A step of the vector is then one number that all rows
need: the sums of a block stay in registers while the weights stream through, and no sum runs across the lanes of a
register.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

ROWS = 64  # of a block
STEPS_AT_ONCE = 2  # even and odd steps have sums of their own: twice as many independent additions

_Numba: TypeAlias = Any  # an object of numba or llvmlite, most of which have no annotations

_FEATURES = cpu_target.target_context.codegen().magic_tuple()[2].split(",")  # of the processor that numba compiles for
LANES = 16 if "+avx512bw" in _FEATURES else 8  # 32-bit numbers in a register
HAS_WIDE_DOTS = "+avx512bw" in _FEATURES or "+avx2" in _FEATURES
"""True if the code names the instruction that multiplies and adds pairs of 16-bit numbers."""

# Multiplies pairs of 16-bit numbers and adds each pair. LLVM merges it with the addition to a sum on processors that
# have an instruction for both (vpdpwssd).
_MULTIPLY_PAIRS = "llvm.x86.avx512.pmaddw.d.512" if LANES == 16 else "llvm.x86.avx2.pmadd.wd"

_codegen: _Numba = cgutils  # whose functions have no annotations

_INT32, _FLOAT = ir.IntType(32), ir.FloatType()


def width_of(dtype: np.dtype) -> int:
    """Return the columns in a step of a packed matrix: integers are multiplied in pairs."""
    return 1 if dtype == np.float32 else 2


def _packed_product(
    typing_context: _Numba,  # noqa: ARG001
    weights: _Numba,
    vector: _Numba,
    sums: _Numba,
) -> tuple[_Numba, Callable[..., _Numba]]:
    """Return the signature of the product and the function that writes its code."""
    return types.void(weights, vector, sums), _write_packed_product


packed_product: _Numba = intrinsic(_packed_product)
"""``sums (blocks * ROWS,) = weights (blocks, steps, ROWS * width) @ vector (steps * width,)``, in compiled code.

All arrays are contiguous. Weights are float32 with a float32 vector and sums, or int16 or int8 with an int16 vector and
int32 sums; the number of steps is even. Nothing is checked: the arrays are those of engine.py.
"""


def _write_packed_product(context: _Numba, builder: _Numba, signature: _Numba, arguments: Sequence[_Numba]) -> _Numba:
    """Write the loops over blocks, steps and registers."""
    weights, vector, sums = (
        context.make_array(kind)(context, builder, argument)
        for kind, argument in zip(signature.args, arguments, strict=True)
    )
    kinds = _Kinds(signature.args[0].dtype)
    n_blocks, n_steps = _codegen.unpack_tuple(builder, weights.shape)[:2]
    weights_at, steps_at, sums_at = (
        builder.bitcast(array.data, ir.PointerType(kind))
        for array, kind in ((weights, kinds.weights), (vector, kinds.step), (sums, kinds.sums))
    )

    def size(number: int) -> _Numba:
        return context.get_constant(types.intp, number)

    n_registers = ROWS // LANES
    totals = [_codegen.alloca_once(builder, kinds.sums) for _ in range(n_registers * STEPS_AT_ONCE)]
    with _codegen.for_range(builder, n_blocks) as blocks:
        for total in totals:
            builder.store(ir.Constant(kinds.sums, None), total)
        first_step = builder.mul(blocks.index, n_steps)
        with _codegen.for_range(builder, builder.udiv(n_steps, size(STEPS_AT_ONCE))) as rounds:
            for offset in range(STEPS_AT_ONCE):
                step = builder.add(builder.mul(rounds.index, size(STEPS_AT_ONCE)), size(offset))
                number = kinds.in_all_lanes(builder, builder.load(builder.gep(steps_at, [step])))
                row = builder.mul(builder.add(first_step, step), size(n_registers))
                for register in range(n_registers):
                    at = builder.gep(weights_at, [builder.add(row, size(register))])
                    total = totals[register * STEPS_AT_ONCE + offset]
                    builder.store(
                        kinds.add_product(builder, builder.load(total), builder.load(at, align=1), number), total
                    )
        for register in range(n_registers):
            step_sums = [builder.load(total) for total in totals[register * STEPS_AT_ONCE :][:STEPS_AT_ONCE]]
            at = builder.gep(sums_at, [builder.add(builder.mul(blocks.index, size(n_registers)), size(register))])
            builder.store(kinds.add(builder, *step_sums), at, align=1)
    return context.get_dummy_value()


class _Kinds:
    """LLVM types of one type of weights, and their multiplication and addition."""

    def __init__(self, weights: _Numba) -> None:
        self.is_float = weights == types.float32
        self.sums = ir.VectorType(_FLOAT if self.is_float else _INT32, LANES)
        self.step: _Numba = _FLOAT if self.is_float else _INT32
        self.pairs = ir.VectorType(ir.IntType(16), 2 * LANES)
        self.weights = self.sums if self.is_float else ir.VectorType(ir.IntType(weights.bitwidth), 2 * LANES)

    def in_all_lanes(self, builder: _Numba, number: _Numba) -> _Numba:
        """Return a register with a number in all lanes."""
        undefined = ir.Constant(ir.VectorType(self.step, LANES), ir.Undefined)
        first = builder.insert_element(undefined, number, _INT32(0))
        return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_INT32, LANES), [0] * LANES))

    def add(self, builder: _Numba, a: _Numba, b: _Numba) -> _Numba:
        """Return the sum of two registers."""
        return builder.fadd(a, b) if self.is_float else builder.add(a, b)

    def add_product(self, builder: _Numba, total: _Numba, weights: _Numba, number: _Numba) -> _Numba:
        """Return a register of sums plus weights times a number."""
        if self.is_float:
            kind = ir.FunctionType(self.sums, [self.sums] * 3)
            multiply_add = _codegen.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32")
            return builder.call(multiply_add, [weights, number, total])
        kind = ir.FunctionType(self.sums, [self.pairs] * 2)
        multiply_pairs = _codegen.get_or_insert_function(builder.module, kind, _MULTIPLY_PAIRS)
        if self.weights != self.pairs:
            weights = builder.sext(weights, self.pairs)
        return builder.add(total, builder.call(multiply_pairs, [weights, builder.bitcast(number, self.pairs)]))
