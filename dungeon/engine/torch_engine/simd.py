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
_INDEX = partial(ir.Constant, ir.IntType(32))


CHUNK = 64
"""Most vectors of inputs that are read for one output after the other: four rows of so many take
half of a first-level cache of 32 KiB. What does not fit is fetched anew for every output."""

PANEL = 8
"""Most blocks of columns between two chunks."""


def pack(weight: Any) -> Any:
    """Weights [outputs, inputs] in the order in which `multiply` reads them.

    Outputs are filled up with zeros; inputs must be a multiple of `LANES`.

    Returns:
        The same numbers, shape [panels, chunks, blocks, tiles, COLUMNS, LANES]: a chunk of the
        inputs is multiplied with all blocks of a panel, then comes the next chunk.
    """
    outputs, inputs = weight.shape
    blocks, tiles = -(-outputs // COLUMNS), inputs // LANES
    filled = np.zeros((blocks * COLUMNS, inputs), weight.dtype)
    filled[:outputs] = weight
    chunk = _divisor(tiles, CHUNK)
    panel = 1 if chunk == tiles else _divisor(blocks, PANEL)
    shape = (blocks // panel, panel, COLUMNS, tiles // chunk, chunk, LANES)
    return np.ascontiguousarray(filled.reshape(shape).transpose(0, 3, 1, 4, 2, 5))


def _divisor(number: int, most: int) -> int:
    """The greatest divisor that is at most `most`."""
    return next(d for d in range(min(number, most), 0, -1) if number % d == 0)


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
    """An intrinsic that adds to `COLUMNS` columns of so many rows.

    Its arguments: weights [tiles, COLUMNS, LANES]; x as `multiply`, from `tile` and `row` on;
    scale, bias and out as `multiply`, from `column` on. The first tile brings the bias.

    The sums are carried side by side in registers: weights and inputs are fetched once for all,
    and no multiplication waits for the one before.
    """

    def typed(
        context: Any,
        weights: Any,
        x: Any,
        tile: Any,
        row: Any,
        scale: Any,
        bias: Any,
        out: Any,
        column: Any,
    ) -> Any:
        signature = types.void(weights, x, tile, row, scale, bias, out, column)
        return signature, partial(_build_products, rows)

    return intrinsic(typed)


def _build_products(rows: int, context: Any, builder: Any, signature: Any, args: Any) -> Any:
    weights, x, scale, bias, out = (
        context.make_array(signature.args[at])(context, builder, args[at]) for at in (0, 1, 4, 5, 6)
    )
    first_tile, row, column = args[2], args[3], args[7]
    tiles = builder.extract_value(weights.shape, 0)
    side_by_side = builder.extract_value(x.shape, 1)
    width = builder.extract_value(out.shape, 1)
    number = partial(ir.Constant, tiles.type)

    def lane(tile: Any, count: Any, at: Any) -> Any:
        return builder.mul(builder.add(builder.mul(tile, count), at), number(LANES))

    sums = _zeros(builder, _FLOATS, COLUMNS * rows)
    with _loop(builder, number(0), tiles, number(1)) as tile:
        x_tile = builder.add(tile, first_tile)
        x_lanes = [
            _lanes(builder, x.data, lane(x_tile, side_by_side, builder.add(row, number(at))))
            for at in range(rows)
        ]
        w_lanes = [
            _lanes(builder, weights.data, lane(tile, number(COLUMNS), number(at)))
            for at in range(COLUMNS)
        ]
        for place, (x_lane, w_lane) in zip(sums, product(x_lanes, w_lanes), strict=True):
            _add_product(builder, place, w_lane, x_lane)
    factor = builder.load(_four_at(builder, scale.data, column), align=4)
    is_first = builder.icmp_signed("==", first_tile, number(0))
    for at in range(rows):
        mine = sums[at * COLUMNS : (at + 1) * COLUMNS]
        total = _totals(builder, [builder.load(place) for place in mine])
        line = builder.mul(builder.add(row, number(at)), width)
        place = _four_at(builder, out.data, builder.add(line, column))
        before = builder.select(is_first, _four_at(builder, bias.data, column), place)
        summand = builder.load(before, align=4)
        builder.store(builder.fadd(builder.fmul(total, factor), summand), place, align=4)
    return context.get_dummy_value()


def _four_at(builder: Any, base: Any, at: Any) -> Any:
    kind = ir.VectorType(ir.FloatType(), COLUMNS)
    return builder.bitcast(builder.gep(base, [at]), kind.as_pointer())


@njit(nogil=True)
def side_by_side(x: Any) -> Any:
    """x [rows, n] as [n / LANES, rows, LANES].

    The order in which `multiply` reads them, whatever their number.
    """
    rows, n = x.shape
    tiles = np.empty((n // LANES, rows, LANES), np.float32)
    for row in range(rows):
        for tile in range(n // LANES):
            for lane in range(LANES):
                tiles[tile, row, lane] = x[row, tile * LANES + lane]
    return tiles


_one, _two, _four = _products(1), _products(2), _products(4)


@njit(nogil=True)
def multiply(weights: Any, panel: int, x: Any, scale: Any, bias: Any, out: Any) -> None:
    """A panel of columns of out [rows, outputs] = x times weights, scaled, plus bias.

    Args:
        weights: From `pack`, int8.
        panel: Which columns.
        x: From `side_by_side`, float32.
        scale, bias: Float32 [outputs]; outputs are a multiple of `COLUMNS`.
        out: Float32, C-contiguous.
    """
    chunks, blocks, tiles = weights.shape[1:4]
    rows = x.shape[1]
    for chunk in range(chunks):
        tile = chunk * tiles
        for block in range(blocks):
            column = (panel * blocks + block) * COLUMNS
            mine = weights[panel, chunk, block]
            row = 0
            while rows - row >= 4:
                _four(mine, x, tile, row, scale, bias, out, column)
                row += 4
            if rows - row >= 2:
                _two(mine, x, tile, row, scale, bias, out, column)
                row += 2
            if rows > row:
                _one(mine, x, tile, row, scale, bias, out, column)


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
            builder.extract_element(_halved(builder, builder.load(lanes), 1), _INDEX(0)),
            builder.load(rest),
        )

    return signature, build


def _single(builder: Any, base: Any, at: Any) -> Any:
    return builder.load(builder.gep(base, [at]))


def _pair(builder: Any, starts: Sequence[Any], at: Any, load: Callable[..., Any]) -> list[Any]:
    return [load(builder, start, at) for start in starts]


def _mixture(vectors: int) -> Callable[..., Any]:
    """An intrinsic: out[i, lane:] += sum of odds[j] times values[j, lane:], so many vectors of
    lanes; arguments odds [n], values [any, m], out [any, m], i, lane."""

    def typed(context: Any, odds: Any, values: Any, out: Any, row: Any, lane: Any) -> Any:
        signature = types.void(odds, values, out, row, lane)

        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            odds, values, out = (
                context.make_array(kind)(context, builder, value)
                for kind, value in zip(signature.args[:3], args[:3], strict=True)
            )
            width = builder.extract_value(out.shape, 1)
            number = partial(ir.Constant, width.type)
            first = builder.add(builder.mul(args[3], width), args[4])
            places = [
                builder.bitcast(
                    builder.gep(out.data, [builder.add(first, number(at * LANES))]),
                    _FLOATS.as_pointer(),
                )
                for at in range(vectors)
            ]
            sums = [cgutils.alloca_once(builder, _FLOATS) for _ in places]
            for place, held in zip(places, sums, strict=True):
                builder.store(builder.load(place, align=4), held)
            count = builder.extract_value(odds.shape, 0)
            with _loop(builder, number(0), count, number(1)) as at:
                one = builder.insert_element(
                    ir.Constant(_FLOATS, ir.Undefined), _single(builder, odds.data, at), _INDEX(0)
                )
                weight = _pick(builder, one, one, [0] * LANES)
                start = builder.add(builder.mul(at, width), args[4])
                for vector, held in enumerate(sums):
                    here = builder.add(start, number(vector * LANES))
                    _add_product(builder, held, weight, _lanes(builder, values.data, here))
            for place, held in zip(places, sums, strict=True):
                builder.store(builder.load(held), place, align=4)
            return context.get_dummy_value()

        return signature, build

    return intrinsic(typed)


_mix_one, _mix_four = _mixture(1), _mixture(4)


@njit(nogil=True)
def mix(odds: Any, values: Any, out: Any, row: int) -> None:
    """Add to out[row] the sum of odds[j] times values[j].

    Args:
        odds: Float32 [n].
        values: Float32 [at least n, m].
        out: Float32 [any, m].
    """
    width = out.shape[1]
    lane = 0
    while width - lane >= 4 * LANES:
        _mix_four(odds, values, out, row, lane)
        lane += 4 * LANES
    while width - lane >= LANES:
        _mix_one(odds, values, out, row, lane)
        lane += LANES
    for at in range(odds.size):
        for rest in range(lane, width):
            out[row, rest] += odds[at] * values[at, rest]
