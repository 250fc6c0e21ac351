"""`dungeon-gpt2`: a small GPT-2 from nothing, on novels first and then on the game's own turns."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from dungeon.engine.torch_engine.load import load_weights, open_model
from dungeon.engine.training import loop
from dungeon.engine.training.full import Full
from dungeon.engine.training.lessons import Lesson, Tongue, of_story
from dungeon.engine.training.loop import Plan, Step
from training import novels
from training.novels import END
from training.scenes import Scene
from training.tutor import HELD_OUT, split

LOSSES = "losses.jsonl"
"""A line a step: what the curve is drawn from."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of the model.

    Attributes:
        vocabulary: Tokens.
        width, layers, heads: As in GPT-2's config; GPT-2 itself has 768, 12 and 12.
        n_positions: Longest text.
    """

    vocabulary: int = 8192
    width: int = 256
    layers: int = 8
    heads: int = 4
    n_positions: int = 1024


def new(size: Size, tokenizer: Tokenizer, out: Path, seed: int) -> None:
    """Write a model that knows nothing to the folder `out`, as transformers would."""
    end = tokenizer.token_to_id(END)
    config = GPT2Config(
        vocab_size=size.vocabulary,
        n_positions=size.n_positions,
        n_embd=size.width,
        n_layer=size.layers,
        n_head=size.heads,
        # A row this short is read many times over by no one: nothing has to be left out by lot.
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=end,
        eos_token_id=end,
    )
    torch.manual_seed(seed)
    GPT2LMHeadModel(config).save_pretrained(out)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=END, eos_token=END, unk_token=END
    ).save_pretrained(out)


def turns(scenes: Sequence[Scene], tongue: Tongue) -> list[Lesson]:
    """The lessons of scenes, in the game's own prompt for models without a chat form."""
    return [lesson for scene in scenes for lesson in of_story(scene.played(), tongue)]


def teach(
    model: Any,
    course: Sequence[Lesson],
    held_out: Sequence[Lesson],
    base: Path,
    out: Path,
    plan: Plan,
    tell: Callable[[str], None],
    *,
    half: bool = False,
) -> None:
    """Teach all weights of `model`, and write it to `out`.

    Args:
        model: Of the folder `base`, float32; is changed.
        course: What it learns, in that order.
        held_out: What it is measured by.
        base: Folder of config and tokenizer.
        out: Folder of the result; of the checkpoint while it is taught, and of `LOSSES`. One that
            is finished would be begun again.
        plan: See `Plan`.
        tell: Gets a line now and then.
        half: See `loop.teach`.

    Raises:
        ModelError: In `out` another plan was begun.
    """
    full = Full()
    taught = full.begin(model)
    out.mkdir(parents=True, exist_ok=True)
    with (out / LOSSES).open("a", encoding="utf-8") as losses:

        def line(step: Step) -> None:
            record = {"step": step.done, "loss": step.loss, "held_out": step.held_out}
            losses.write(json.dumps(record) + "\n")
            losses.flush()
            if step.held_out is not None:
                tell(
                    f"step {step.done}/{step.of}  {step.speed:.0f} tokens/s  "
                    f"held out: {step.held_out:.4f} nats a token"
                )

        loop.teach(taught, full, course, held_out, out, plan, line, half=half)
    full.write(out, taught, base)
    (out / loop.CHECKPOINT).unlink()


NOVELS, PLAY = "novels", "play"
"""Folders of what comes of the two stages; `PLAY` is the model."""

BATCH = 4
"""Windows a step, each of `Size.n_positions` tokens."""

NOVELS_RATE, PLAY_RATE = 1.5e-3, 5e-4
"""Highest learning rates of the stages."""


def make(
    out: Path,
    archive: Path,
    scenes: Sequence[Scene],
    size: Size,
    *,
    tokens: int,
    rounds: int,
    seed: int,
    half: bool,
    tell: Callable[[str], None],
) -> None:
    """Both stages, each in a folder of `out`; one that is finished is not done again.

    Args:
        out: A folder.
        archive: See `novels.texts`.
        scenes: What it learns to narrate from.
        size: Of the model.
        tokens: Of novels that it reads, over again where there are not so many.
        rounds: How often it reads the scenes; 0 for the novels alone.
        seed: Of all lots.
        half: See `teach`.
        tell: Gets a line now and then.
    """
    read = novels.texts(archive)
    apart = random.Random(seed).choice(list(read))
    learnt = [text for name, text in read.items() if name != apart]
    blank = out / "blank"
    if not (blank / "model.safetensors").is_file():
        new(size, novels.vocabulary(learnt, size.vocabulary), blank, seed)
    opened = open_model(blank, "dungeon-gpt2")
    row = novels.encoded(learnt, opened.codec.backend)
    unseen = novels.encoded([read[apart]], opened.codec.backend)
    window = size.n_positions
    course = novels.Windows(row, window, tokens // window, seed)
    held_out = list(novels.Windows(unseen, window, min(20, len(unseen) // window), seed))
    tell(f"{len(row)} tokens of {len(learnt)} novels; {apart} is held out")
    if not (out / NOVELS / "model.safetensors").is_file():
        plan = Plan(rate=NOVELS_RATE, lessons=BATCH, every=100, seed=seed)
        model = load_weights(opened)
        tell(f"{sum(weight.numel() for weight in model.parameters()):,} weights")
        teach(model, course, held_out, blank, out / NOVELS, plan, tell, half=half)
    if not rounds:
        return
    grown = open_model(out / NOVELS, "dungeon-gpt2")
    codec = grown.codec
    tongue = Tongue(codec.encode, None, codec.prefix, min(grown.ends), grown.n_positions)
    kept, tested = split(scenes, HELD_OUT, seed)
    lots = random.Random(seed)
    lessons = turns(kept, tongue)
    played = [lesson for _ in range(rounds) for lesson in lots.sample(lessons, len(lessons))]
    tell(f"{len(kept)} scenes, {len(lessons)} lessons, {sum(len(one.ids) for one in lessons)} ids")
    plan = Plan(rate=PLAY_RATE, lessons=BATCH, every=50, seed=seed)
    model = load_weights(grown)
    if not (out / PLAY / "model.safetensors").is_file():
        told = turns(tested, tongue)
        teach(model, played, told, out / NOVELS, out / PLAY, plan, tell, half=half)
