"""One token through GPT-2 or Llama, compiled as a whole: no Python between the matrices.

Weights are bytes with a float32 scale for every output, everything else is float32. The loops
over outputs and over heads are shared among threads; every number is computed by one thread in
one order, so the result depends neither on their count nor on the rows beside it.

Compiling takes some seconds, once for each processor: see `writer`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange

from dungeon.engine.torch_engine.simd import dot, mix, multiply, side_by_side

# Division as numpy does it: a check for zero would keep the compiler from using vectors.
_serial = njit(nogil=True, error_model="numpy")
_parallel = njit(nogil=True, error_model="numpy", parallel=True)


class Matrix(NamedTuple):
    """The same linear layer of every block.

    Attributes:
        weight: int8, packed: shape [layers, *that of `simd.pack`].
        scale: float32, shape [layers, outputs].
        bias: float32, shape [layers, outputs].
    """

    weight: Any
    scale: Any
    bias: Any


class Weights(NamedTuple):
    """A whole model.

    Attributes:
        qkv, out, up, down: Of the blocks; Llama's gate stands before its up.
        head: The last matrix, as one of one layer.
        norms: float32, shape [layers, 2, 2, width]: before attention and before the
            feed-forward part, the weight and the bias of each.
        last_norm: float32, shape [2, width].
        cos, sin: float32, shape [positions, head size]; no positions for GPT-2.
        epsilon: Of the norms, float32.
    """

    qkv: Matrix
    out: Matrix
    up: Matrix
    down: Matrix
    head: Matrix
    norms: Any
    last_norm: Any
    cos: Any
    sin: Any
    epsilon: Any


class Past(NamedTuple):
    """Keys and values of the positions so far: some the same for all rows, then each its own.

    Attributes:
        shared_keys, shared_values: float32, shape [layers, key heads, capacity, head size].
        shared: Positions that count of these.
        keys, values: float32, shape [layers, texts, key heads, capacity, head size]; there must
            be room for one more position.
        texts: int64, shape [rows]: which of the texts each row goes on with, no two the same.
        own: int64, shape [rows]: positions that count of that text.
    """

    shared_keys: Any
    shared_values: Any
    shared: int
    keys: Any
    values: Any
    texts: Any
    own: Any


_LOG2_E = np.float32(1.44269504088896341)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_EXP = tuple(
    np.float32(c)
    for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1)
)


@_serial
def exp(x: Any) -> Any:
    """e to the x, as Cephes' expf: within two units of the last place; the compiler can
    compute sixteen at once, which it cannot with the library's."""
    x = min(max(x, np.float32(-87.0)), np.float32(88.0))
    whole = np.floor(x * _LOG2_E + np.float32(0.5))
    x = x - whole * _LN2_HIGH - whole * _LN2_LOW
    y = _EXP[0]
    y = y * x + _EXP[1]
    y = y * x + _EXP[2]
    y = y * x + _EXP[3]
    y = y * x + _EXP[4]
    y = y * x + np.float32(0.5)
    y = y * x * x + x + np.float32(1.0)
    return y * np.int32((np.int32(whole) + 127) << 23).view(np.float32)


@_serial
def _layer_norm(x: Any, norm: Any, epsilon: Any, ones: Any, out: Any) -> None:
    width = np.float32(x.shape[1])
    for row in range(x.shape[0]):
        mean = dot(ones, 0, x, row) / width
        for at in range(x.shape[1]):
            out[row, at] = x[row, at] - mean
        scale = np.float32(1) / np.sqrt(dot(out, row, out, row) / width + epsilon)
        for at in range(x.shape[1]):
            out[row, at] = out[row, at] * scale * norm[0, at] + norm[1, at]


@_serial
def _rms_norm(x: Any, norm: Any, epsilon: Any, out: Any) -> None:
    for row in range(x.shape[0]):
        scale = np.float32(1) / np.sqrt(dot(x, row, x, row) / np.float32(x.shape[1]) + epsilon)
        for at in range(x.shape[1]):
            out[row, at] = x[row, at] * scale * norm[0, at]


@_parallel
def project(x: Any, weight: Any, scale: Any, bias: Any, out: Any) -> None:
    """out [rows, outputs] = x [rows, inputs] times packed weights."""
    tiles = side_by_side(x)
    for panel in prange(weight.shape[0]):
        multiply(weight, panel, tiles, scale, bias, out)


def project_alone(x: Any, weight: Any, scale: Any, bias: Any, out: Any) -> None:
    """As `project`, on the calling thread."""
    tiles = side_by_side(x)
    for panel in range(weight.shape[0]):
        multiply(weight, panel, tiles, scale, bias, out)


@_serial
def _turn(heads: Any, cos: Any, sin: Any) -> None:
    """Rotary positions (Su et al. 2021) as transformers pairs them: the halves of a head."""
    half = heads.shape[1] // 2
    for head in range(heads.shape[0]):
        for at in range(half):
            a, b = heads[head, at], heads[head, at + half]
            heads[head, at] = a * cos[at] - b * sin[at]
            heads[head, at + half] = b * cos[at + half] + a * sin[at + half]


@_serial
def _score(keys: Any, count: int, q: Any, row: int, scale: Any, out: Any) -> None:
    for at in range(count):
        out[at] = dot(keys, at, q, row) * scale


@_serial
def _soften(scores: Any) -> Any:
    """Scores to their exponentials less the greatest; the sum of these."""
    top = scores[0]
    for at in range(1, scores.size):
        top = max(top, scores[at])
    for at in range(scores.size):
        scores[at] = exp(scores[at] - top)
    total = np.float32(0)
    for at in range(scores.size):
        total += scores[at]
    return total


@_parallel
def _attend(
    q: Any,
    shared_keys: Any,
    shared_values: Any,
    shared: int,
    keys: Any,
    values: Any,
    texts: Any,
    own: Any,
    scores: Any,
    out: Any,
) -> None:
    """out [rows, heads, head size] from queries of the same shape; scores is room to work in."""
    rows, heads, size = out.shape
    group = heads // keys.shape[1]
    scale = np.float32(1) / np.sqrt(np.float32(size))
    flat, seen = q.reshape(rows * heads, size), out.reshape(rows * heads, size)
    for task in prange(rows * heads):
        # Rows of one head follow each other: what they share is then in the cache.
        head, row = task // rows, task % rows
        key_head = head // group
        text, count = texts[row], own[row]
        mine = scores[task, : shared + count]
        place = row * heads + head
        _score(shared_keys[key_head], shared, flat, place, scale, mine[:shared])
        _score(keys[text, key_head], count, flat, place, scale, mine[shared:])
        total = _soften(mine)
        seen[place] = np.float32(0)
        mix(mine[:shared], shared_values[key_head], seen, place)
        mix(mine[shared:], values[text, key_head], seen, place)
        for lane in range(size):
            seen[place, lane] /= total


@_serial
def _gelu(x: Any) -> None:
    """GPT-2's: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))); 1 + tanh(z) = 2 / (1 + e^-2z)."""
    for row in range(x.shape[0]):
        for at in range(x.shape[1]):
            value = x[row, at]
            inner = np.float32(-1.5957691216057308) * (
                value + np.float32(0.044715) * value * value * value
            )
            x[row, at] = value / (np.float32(1) + exp(inner))


@_serial
def _gate(x: Any, out: Any) -> None:
    """silu(gate) times up, which stand one after the other in x."""
    width = out.shape[1]
    for row in range(x.shape[0]):
        for at in range(width):
            gate = x[row, at]
            out[row, at] = gate / (np.float32(1) + exp(-gate)) * x[row, width + at]


@_serial
def _add(x: Any, more: Any) -> None:
    for row in range(x.shape[0]):
        for at in range(x.shape[1]):
            x[row, at] += more[row, at]


def step(x: Any, weights: Weights, past: Past, heads: int, llama: bool, logits: Any) -> None:
    """Append one token to every row and give the logits of the next. Compiled by `writer`.

    Args:
        x: Their embeddings (with GPT-2's positions), float32 [rows, width]; overwritten.
        weights: Of the model.
        past: Positions before; the token's keys and values are written after them.
        heads: Of the queries.
        llama: Whether it is a Llama and not a GPT-2.
        logits: Result, float32 [rows, vocabulary].
    """
    rows, width = x.shape
    _, _, key_heads, _, size = past.keys.shape
    _, _, chunks, _, tiles, _, lanes = weights.down.weight.shape
    inner = chunks * tiles * lanes
    ones = np.ones((1, width), np.float32)
    normed = np.empty((rows, width), np.float32)
    qkv = np.empty((rows, weights.qkv.scale.shape[1]), np.float32)
    q = np.empty((rows, heads, size), np.float32)
    seen = np.empty((rows, heads, size), np.float32)
    seen_own = past.own + 1
    scores = np.empty((rows * heads, past.shared + seen_own.max()), np.float32)
    up = np.empty((rows, weights.up.scale.shape[1]), np.float32)
    active = np.empty((rows, inner), np.float32) if llama else up
    more = np.empty((rows, width), np.float32)
    for layer in range(weights.norms.shape[0]):
        norm1, norm2 = weights.norms[layer, 0], weights.norms[layer, 1]
        if llama:
            _rms_norm(x, norm1, weights.epsilon, normed)
        else:
            _layer_norm(x, norm1, weights.epsilon, ones, normed)
        m = weights.qkv
        project(normed, m.weight[layer], m.scale[layer], m.bias[layer], qkv)
        keys, values = past.keys[layer], past.values[layer]
        for row in range(rows):
            text, at = past.texts[row], past.own[row]
            position = past.shared + at
            each = qkv[row].reshape(heads + 2 * key_heads, size)
            if llama:
                _turn(each[: heads + key_heads], weights.cos[position], weights.sin[position])
            q[row] = each[:heads]
            keys[text, :, at] = each[heads : heads + key_heads]
            values[text, :, at] = each[heads + key_heads :]
        _attend(
            q,
            past.shared_keys[layer],
            past.shared_values[layer],
            past.shared,
            keys,
            values,
            past.texts,
            seen_own,
            scores,
            seen,
        )
        m = weights.out
        flat = seen.reshape(rows, heads * size)
        project(flat, m.weight[layer], m.scale[layer], m.bias[layer], more)
        _add(x, more)
        if llama:
            _rms_norm(x, norm2, weights.epsilon, normed)
        else:
            _layer_norm(x, norm2, weights.epsilon, ones, normed)
        m = weights.up
        project(normed, m.weight[layer], m.scale[layer], m.bias[layer], up)
        if llama:
            _gate(up, active)
        else:
            _gelu(up)
        m = weights.down
        project(active, m.weight[layer], m.scale[layer], m.bias[layer], more)
        _add(x, more)
    if llama:
        _rms_norm(x, weights.last_norm, weights.epsilon, normed)
    else:
        _layer_norm(x, weights.last_norm, weights.epsilon, ones, normed)
    m = weights.head
    project(normed, m.weight[0], m.scale[0], m.bias[0], logits)
