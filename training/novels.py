"""Old novels as what a model learns English from: their texts, a vocabulary, and windows of ids."""

from __future__ import annotations

import random
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from dungeon.engine.training.lessons import Lesson

END = "<|endoftext|>"
"""Stands after every text; the name is GPT-2's."""

Ids = np.ndarray[Any, np.dtype[np.uint16]]


def texts(archive: Path) -> dict[str, str]:
    """The `.txt` files of a tar archive by name, but for read-me files.

    Raises:
        OSError, tarfile.TarError, UnicodeDecodeError: It cannot be read.
    """
    found: dict[str, str] = {}
    with tarfile.open(archive) as opened:
        for member in opened:
            name = Path(member.name).name
            if member.isfile() and name.endswith(".txt") and not name.upper().startswith("README"):
                file = opened.extractfile(member)
                assert file is not None
                found[name] = file.read().decode("utf-8")
    return dict(sorted(found.items()))


def vocabulary(texts: Iterable[str], size: int) -> Tokenizer:
    """A byte-level BPE of `size` tokens as GPT-2's (Radford et al. 2019), `END` among them."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return made


def encoded(texts: Iterable[str], tokenizer: Tokenizer) -> Ids:
    """All texts in one row, shape (tokens,), `END` after each."""
    end = tokenizer.token_to_id(END)
    rows = (tokenizer.encode(text, add_special_tokens=False).ids for text in texts)
    return np.concatenate([np.array([*row, end], np.uint16) for row in rows])


class Windows(Sequence[Lesson]):
    """Pieces of a long row of ids, cut out when they are asked for.

    Each round goes through the whole row in another order, from another first place.

    Args:
        ids: The row, shape (tokens,), longer than a window.
        size: Tokens of a window.
        count: Of windows.
        seed: Of order and places.
    """

    def __init__(self, ids: Ids, size: int, count: int, seed: int) -> None:
        self._ids, self._size = ids, size
        self._starts = _starts(len(ids), size, count, random.Random(seed))

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, at: int) -> Lesson: ...
    @overload
    def __getitem__(self, at: slice) -> Windows: ...
    def __getitem__(self, at: int | slice) -> Lesson | Windows:
        if isinstance(at, slice):
            part = Windows.__new__(Windows)
            part._ids, part._size, part._starts = self._ids, self._size, self._starts[at]
            return part
        start = self._starts[at]
        return Lesson.whole(self._ids[start : start + self._size].tolist())


def _starts(tokens: int, size: int, count: int, lots: random.Random) -> list[int]:
    starts: list[int] = []
    while len(starts) < count:
        first = lots.randrange(min(size, tokens - size + 1))
        places = range(first, tokens - size + 1, size)
        starts += lots.sample(places, len(places))
    return starts[:count]
