"""Products of rows and byte weights on vectors of sixteen lanes, compiled by numba.

Float sums are left scalar by a compiler unless it may reorder them, and then the order depends
on how it chose to unroll: one row would be summed another way than four rows are. Here the order
is written down lane by lane, so a row's sum is the same bit for bit whatever is computed beside
it. LLVM lays the lanes on what the processor has: AVX-512, AVX2, NEON.

Weights come from memory, which is what writing a token waits for, so they are packed in the
order in which they are read (`pack`): four outputs take turns, sixteen inputs at a time, one
cache line each. Read row by row, four at once, they took twice as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
"""Of a vector: one register of AVX-512, two of AVX2, four of NEON. Inputs come in so many."""

COLUMNS = 4
"""Outputs that are computed at once."""

_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_BYTES = ir.VectorType(ir.IntType(8), LANES)


def pack(weight: Any) -> Any:
    """Weights [outputs, inputs] as [outputs / COLUMNS, inputs / LANES, COLUMNS, LANES].

    Outputs are filled up with zeros; inputs must be a multiple of `LANES`.
    """
    outputs, inputs = weight.shape
    filled = np.zeros((-(-outputs // COLUMNS) * COLUMNS, inputs), weight.dtype)
    filled[:outputs] = weight
    tiles = filled.reshape(-1, COLUMNS, inputs // LANES, LANES)
    return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3))


@contextmanager
def _loop(builder: Any, start: Any, stop: Any, step: Any) -> Iterator[Any]:
    with cgutils.for_range_slice(builder, start, stop, step, start.type) as (at, _):
        yield at


def _lanes(builder: Any, base: Any, at: Any) -> Any:
    """Sixteen elements from number `at` on, as floats."""
    vector = _FLOATS if isinstance(base.type.pointee, ir.FloatType) else _BYTES
    place = builder.bitcast(builder.gep(base, [at]), vector.as_pointer())
    loaded = builder.load(place, align=1)
    return builder.sitofp(loaded, _FLOATS) if vector is _BYTES else loaded


def _add_product(builder: Any, place: Any, a: Any, b: Any) -> None:
    """Add a times b to what stands in `place`."""
    suffix = f"v{LANES}f32" if a.type is _FLOATS else "f32"
    multiply_add = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(a.type, [a.type] * 3), f"llvm.fmuladd.{suffix}"
    )
    builder.store(builder.call(multiply_add, [a, b, builder.load(place)]), place)


def _zeros(builder: Any, kind: Any, count: int) -> list[Any]:
    places = [cgutils.alloca_once(builder, kind) for _ in range(count)]
    for place in places:
        builder.store(ir.Constant(kind, None), place)
    return places


def _pick(builder: Any, a: Any, b: Any, lanes: Sequence[int]) -> Any:
    """Lanes of `a`, then of `b`, by number."""
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
    return builder.shuffle_vector(a, b, mask)


def _halved(builder: Any, vector: Any, lanes: int) -> Any:
    """The upper half of the lanes added to the lower, until so many are left."""
    while vector.type.count > lanes:
        half = vector.type.count // 2
        low = _pick(builder, vector, vector, range(half))
        vector = builder.fadd(low, _pick(builder, vector, vector, range(half, 2 * half)))
    return vector


def _totals(builder: Any, vectors: Sequence[Any]) -> Any:
    """The sums of four vectors, as a vector of four."""
    a, b, c, d = (_halved(builder, vector, 4) for vector in vectors)
    ab = [_pick(builder, a, b, lanes) for lanes in ((0, 4, 1, 5), (2, 6, 3, 7))]
    cd = [_pick(builder, c, d, lanes) for lanes in ((0, 4, 1, 5), (2, 6, 3, 7))]
    pairs = [
        builder.fadd(
            _pick(builder, low, high, (0, 1, 4, 5)), _pick(builder, low, high, (2, 3, 6, 7))
        )
        for low, high in zip(ab, cd, strict=True)
    ]
    return builder.fadd(*pairs)


def _products(rows: int) -> Callable[..., Any]:
    """An intrinsic that computes `COLUMNS` columns of so many rows; arguments as `multiply`.

    The sums are carried side by side in registers: weights and inputs are fetched once for all,
    and no multiplication waits for the one before.
    """

    def typed(
        context: Any, weights: Any, block: Any, x: Any, row: Any, scale: Any, bias: Any, out: Any
    ) -> Any:
        signature = types.void(weights, block, x, row, scale, bias, out)

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kinds = dict(
                zip(
                    ("weights", "block", "x", "row", "scale", "bias", "out"),
                    zip(signature.args, args, strict=True),
                    strict=True,
                )
            )
            array = {
                name: context.make_array(kind)(context, builder, value)
                for name, (kind, value) in kinds.items()
                if isinstance(kind, types.Array)
            }
            block, row = kinds["block"][1], kinds["row"][1]
            length = builder.extract_value(array["x"].shape, 1)
            width = builder.extract_value(array["out"].shape, 1)
            number = partial(ir.Constant, length.type)

            def line(name: str, stride: Any, at: int) -> Any:
                first = builder.mul(builder.add(row, number(at)), stride)
                return builder.gep(array[name].data, [first])

            tile = builder.gep(
                array["weights"].data,
                [builder.mul(block, builder.mul(length, number(COLUMNS)))],
            )
            starts = [line("x", length, at) for at in range(rows)]
            sums = _zeros(builder, _FLOATS, COLUMNS * rows)
            with _loop(builder, number(0), length, number(LANES)) as at:
                x_lanes = [_lanes(builder, start, at) for start in starts]
                here = builder.mul(at, number(COLUMNS))
                w_lanes = [
                    _lanes(builder, tile, builder.add(here, number(column * LANES)))
                    for column in range(COLUMNS)
                ]
                for place, (x, w) in zip(sums, product(x_lanes, w_lanes), strict=True):
                    _add_product(builder, place, w, x)
            first = builder.mul(block, number(COLUMNS))
            factor, summand = (
                builder.load(_four_at(builder, array[name].data, first), align=4)
                for name in ("scale", "bias")
            )
            for at in range(rows):
                mine = sums[at * COLUMNS : (at + 1) * COLUMNS]
                total = _totals(builder, [builder.load(place) for place in mine])
                value = builder.fadd(builder.fmul(total, factor), summand)
                place = _four_at(builder, line("out", width, at), first)
                builder.store(value, place, align=4)
            return context.get_dummy_value()

        return signature, build

    return intrinsic(typed)


def _four_at(builder: Any, base: Any, at: Any) -> Any:
    kind = ir.VectorType(ir.FloatType(), COLUMNS)
    return builder.bitcast(builder.gep(base, [at]), kind.as_pointer())


_one, _two, _four = _products(1), _products(2), _products(4)


@njit(nogil=True)
def multiply(weights: Any, block: int, x: Any, scale: Any, bias: Any, out: Any) -> None:
    """`COLUMNS` columns of out [rows, outputs] = x [rows, n] times weights, scaled, plus bias.

    Args:
        weights: From `pack`, int8.
        block: Which columns: those from COLUMNS * block on.
        x: Float32, C-contiguous; n is a multiple of `LANES`.
        scale, bias: Float32 [outputs]; outputs are a multiple of `COLUMNS`.
        out: Float32, C-contiguous.
    """
    rows, row = x.shape[0], 0
    while rows - row >= 4:
        _four(weights, block, x, row, scale, bias, out)
        row += 4
    if rows - row >= 2:
        _two(weights, block, x, row, scale, bias, out)
        row += 2
    if rows > row:
        _one(weights, block, x, row, scale, bias, out)


@intrinsic
def dot(context: Any, a: Any, i: Any, b: Any, j: Any) -> Any:
    """Sum of a[i] times b[j], of float32 arrays [any, n] with any n."""
    signature = types.float32(a, i, b, j)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args[::2], args[::2], strict=True)
        ]
        length = builder.extract_value(arrays[1].shape, 1)
        number = partial(ir.Constant, length.type)
        starts = [
            builder.gep(array.data, [builder.mul(at, length)])
            for array, at in zip(arrays, args[1::2], strict=True)
        ]
        (lanes,), (rest,) = _zeros(builder, _FLOATS, 1), _zeros(builder, ir.FloatType(), 1)
        whole = builder.and_(length, number(-LANES))
        with _loop(builder, number(0), whole, number(LANES)) as at:
            _add_product(builder, lanes, *_pair(builder, starts, at, _lanes))
        with _loop(builder, whole, length, number(1)) as at:
            _add_product(builder, rest, *_pair(builder, starts, at, _single))
        return builder.fadd(
            builder.extract_element(
                _halved(builder, builder.load(lanes), 1), ir.Constant(ir.IntType(32), 0)
            ),
            builder.load(rest),
        )

    return signature, build


def _single(builder: Any, base: Any, at: Any) -> Any:
    return builder.load(builder.gep(base, [at]))


def _pair(builder: Any, starts: Sequence[Any], at: Any, load: Callable[..., Any]) -> list[Any]:
    return [load(builder, start, at) for start in starts]
