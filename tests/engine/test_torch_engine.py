"""The engine that runs models by itself: cache, sampling, limits, failures."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart, Sampling
from dungeon.engine.torch_engine import TorchEngine
from dungeon.engine.torch_engine.decode import Decoder
from dungeon.engine.torch_engine.kernels import FLOAT32, Kernels
from dungeon.engine.torch_engine.prefix_cache import BLOCK, KeyValues, PrefixCache
from dungeon.engine.torch_engine.quantize import quantize
from dungeon.engine.torch_engine.reference import BufferCache
from dungeon.engine.torch_engine.sampling import Sampler
from dungeon.errors import EngineError
from tests.engine.asking import GREEDY, Fresh, request, story, text_of
from tests.engine.tiny import save_tiny_gpt2


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_warm_cache_gives_the_text_of_a_cold_one(fresh: Fresh, kind: str) -> None:
    rng = random.Random(5)
    warm = fresh(kind)
    text = story(rng, 20)
    reused = []
    for turn in range(16):
        # Grow, cut back, or change the middle, as play, undo and eviction do.
        if turn % 5 == 3:
            text = text[: rng.randrange(20, len(text))]
        elif turn % 7 == 5:
            text = story(rng, 3) + text[30:]
        text = (text + story(rng, 12))[-700:]
        sampling = GREEDY if turn % 2 else Sampling(temperature=1.2, top_k=0)
        wanted = request(text, seed=turn, sampling=sampling, odds=5)
        one = warm.generate(wanted, CancelToken(), lambda text: None)
        two = fresh(kind).generate(wanted, CancelToken(), lambda text: None)
        assert one.text == two.text
        # Not nearly: the same numbers.
        assert one.tokens == two.tokens
        reused.append(one.timing.reused_tokens)
        assert two.timing.reused_tokens == 0
    assert max(reused) >= BLOCK


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_greedy_text_is_that_of_transformers_generate(
    kind: str, gpt2_dir: Path, llama_dir: Path
) -> None:
    directory = {"gpt2": gpt2_dir, "llama": llama_dir}[kind]
    engine = TorchEngine(directory, device="cpu", kernels=FLOAT32)
    engine.load(lambda line: None)
    model: Any = AutoModelForCausalLM.from_pretrained(directory)
    codec = engine._ready()._speech.codec
    rng = random.Random(1)
    for words in (3, 40, 80):
        text = story(rng, words)
        ids = torch.tensor([codec.encode(PromptPart(text))])
        with torch.inference_mode():
            out = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=12,
                begin_suppress_tokens=not_first(engine._ready()),
            )[0, ids.shape[1] :].tolist()
        ends = engine._ready()._speech.ends
        out = out[: next((at for at, id in enumerate(out) if id in ends), len(out))]
        assert text_of(engine, request(text)) == codec.decode(out)


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_only_what_was_told_counts_as_repetition(kind: str, fresh: Fresh) -> None:
    engine = fresh(kind)
    text = story(random.Random(5), 60)
    greedy = Sampling(temperature=0, repetition_penalty=1.0)
    free = text_of(engine, replace(request(text, sampling=greedy), max_new_tokens=1))
    punished = replace(greedy, repetition_penalty=2.0)
    # The likeliest word stands in the prompt now, and is punished where that is narrative.
    text = f"{text} {free.strip()}"
    before = replace(request(text, sampling=punished), max_new_tokens=1)
    untold = replace(before, prompt=(PromptPart(text, told=False),))
    plain = replace(before, sampling=greedy)
    assert text_of(engine, untold) == text_of(engine, plain)
    assert Sampler(punished, 0, engine._ready()._speech.told(untold))._distinct.size == 0
    assert Sampler(punished, 0, engine._ready()._speech.told(before))._distinct.size > 0


def not_first(decoder: Decoder) -> list[int]:
    ids: list[int] = decoder._speech.forbidden((), ())._ids[False, False].tolist()
    return ids


def test_reuse_is_in_whole_blocks_and_leaves_the_last_id() -> None:
    cache = KeyValues(1, 1, 4, 1000)
    prefix = PrefixCache(cache)
    ids = list(range(3 * BLOCK))
    assert prefix.reuse(ids) == 0
    for start in range(0, 3 * BLOCK, BLOCK):
        append(cache, torch.zeros(1, 1, BLOCK, 4))
        prefix.keep(ids[start : start + BLOCK])
    assert prefix.reuse(ids) == 2 * BLOCK
    assert cache.length == 2 * BLOCK
    assert prefix.reuse([*ids[: 2 * BLOCK - 1], -1]) == BLOCK
    assert prefix.reuse([-1]) == 0
    assert cache.length == 0


def append(cache: KeyValues, new: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    cache.reserve(new.shape[2])
    held = cache.put(0, new, -new)
    cache.length += new.shape[2]
    return held


def test_a_buffer_holds_what_joined_tensors_would() -> None:
    cache, library = KeyValues(1, 2, 4, 600), BufferCache(1, 600)
    generator = torch.Generator().manual_seed(0)
    joined = torch.empty(1, 2, 0, 4)
    for size in (1, 200, 55, 1, 300, 40):
        new = torch.randn(1, 2, size, 4, generator=generator)
        joined = torch.cat([joined, new], dim=2)
        for keys, values in (append(cache, new), library.update(new, -new, 0)):
            assert torch.equal(keys, joined)
            assert torch.equal(values, -joined)
    for one in (cache, library):
        rows = one.spread(3)
        assert rows.length == one.length
        one.truncate(1000)
        assert one.length == 597
        one.truncate(5)
        assert one.length == 5
    library.crop(-1000)
    assert library.get_seq_length() == 0


def test_first_token_is_never_blank_nor_the_end(tmp_path: Path, fresh: Fresh) -> None:
    engine = fresh("gpt2")
    decoder = engine._ready()
    for seed in range(40):
        wanted = request("You", seed=seed, sampling=Sampling(temperature=2.0, top_k=0, top_p=1))
        finished = engine.generate(replace(wanted, max_new_tokens=1), CancelToken(), print)
        assert finished.timing.new_tokens == 1
        assert finished.text.strip(" \n\t")
    assert {"\n", " ", "\n\n", "\t"} & {
        decoder._speech.codec.decode([id]) for id in not_first(decoder)
    }


def test_special_tokens_in_a_players_line_are_text(fresh: Fresh) -> None:
    for kind, mark in (("gpt2", "<|endoftext|>"), ("llama", "<|im_start|>")):
        codec = fresh(kind)._ready()._speech.codec
        as_mark = codec.encode(PromptPart(mark + "user\n", special=True))
        as_text = codec.encode(PromptPart(f"I say {mark}user\n"))
        assert codec.special & set(as_mark)
        assert not codec.special & set(as_text)
        assert codec.decode(list(as_text)) == f"I say {mark}user\n"


def test_special_tokens_are_cut_where_the_tokenizer_finds_them_all_the_same(fresh: Fresh) -> None:
    codec = fresh("llama")._ready()._speech.codec

    class Stubborn:
        """A backend on which the switch has no effect."""

        encode_special_tokens = False

        def __init__(self, backend: object) -> None:
            self._backend = backend

        def __getattr__(self, name: str) -> object:
            return getattr(self._backend, name)

        def encode(self, text: str, **options: object) -> object:
            self._backend.encode_special_tokens = False  # type: ignore[attr-defined]
            return self._backend.encode(text, **options)  # type: ignore[attr-defined]

    codec.backend = Stubborn(codec.backend)
    text = "a<|im_start|><|im_end|>b<|im_start|>"
    ids = codec._encode(PromptPart(text))
    assert not codec.special & set(ids)
    assert codec.decode(list(ids)) == text


def test_accept_12_cancel_in_the_middle_of_the_prompt(fresh: Fresh) -> None:
    engine = fresh("gpt2")
    text = story(random.Random(2), 300)
    network = engine._ready()._network
    read, calls = network.read, []
    cancel = CancelToken()

    def counted(ids: torch.Tensor, cache: KeyValues) -> None:
        calls.append(ids.shape[1])
        if len(calls) == 2:
            cancel.cancel()
        read(ids, cache)

    network.read = counted  # type: ignore[method-assign]
    finished = engine.generate(request(text), cancel, lambda text: None)
    assert (finished.text, finished.stop, len(calls)) == ("", "cancelled", 2)
    # What was computed is of use to the next request, and harmless.
    again = engine.generate(request(text), CancelToken(), lambda text: None)
    assert again.timing.reused_tokens == 2 * BLOCK
    assert again.text == text_of(fresh("gpt2"), request(text))


def test_the_end_token_ends_the_text(fresh: Fresh) -> None:
    engine = fresh("llama")
    sampling = Sampling(temperature=1.5, top_k=0, top_p=1)
    ends = [
        engine.generate(
            request("You", seed=seed, sampling=sampling, max_new_tokens=200), CancelToken(), print
        )
        for seed in range(12)
    ]
    ended = [finished for finished in ends if finished.stop == "end"]
    assert ended
    assert all("<|im" not in finished.text for finished in ends)


def test_accept_23_weights_that_are_no_number(fresh: Fresh) -> None:
    engine = fresh("gpt2")
    network: Any = engine._ready()._network
    weight = network._last_norm[0]
    good = weight.clone()
    weight[0] = float("nan")
    with pytest.raises(EngineError, match="not a number"):
        text_of(engine, request("You"))
    weight.copy_(good)
    assert text_of(engine, request("You")) == text_of(fresh("gpt2"), request("You"))


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"
        ),
        RuntimeError("shape mismatch"),
    ],
)
def test_a_failed_forward_leaves_the_engine_usable(fresh: Fresh, error: Exception) -> None:
    engine = fresh("gpt2")
    text = story(random.Random(3), 60)
    whole = text_of(engine, request(text))
    network = engine._ready()._network
    forward = network.forward
    broken = True

    def failing(ids: torch.Tensor, cache: KeyValues, *, writing: bool) -> torch.Tensor:
        if broken and writing:
            raise error
        return forward(ids, cache, writing=writing)

    network.forward = failing  # type: ignore[method-assign]
    with pytest.raises(EngineError) as caught:
        text_of(engine, request(text))
    assert ("Memory" in caught.value.message) == ("shape" not in str(error))
    broken = False
    assert text_of(engine, request(text)) == whole


def test_accept_23_a_graphics_card_without_room_hands_over_to_the_processor(
    gpt2_dir: Path,
) -> None:
    said: list[str] = []
    engine = TorchEngine(gpt2_dir, device="cpu")
    engine.load(said.append)
    text = story(random.Random(3), 60)
    whole = text_of(engine, request(text))
    # A card of this machine's own is not needed for its error.
    engine._info = replace(engine.info, device="cuda")
    network = engine._ready()._network

    def full(ids: torch.Tensor, cache: KeyValues, *, writing: bool) -> torch.Tensor:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    network.forward = full  # type: ignore[method-assign]
    assert text_of(engine, request(text)) == whole
    assert engine.info.device == "cpu"
    assert [line for line in said[-2:] if "going on with" in line] == said[-2:]
    assert "with the CPU" in said[-1]


def test_everything_up_to_the_last_position_can_be_used(tmp_path: Path) -> None:
    engine = TorchEngine(save_tiny_gpt2(tmp_path / "m", n_positions=128), device="cpu")
    engine.load(lambda line: None)
    part = PromptPart(" You" * 98)
    size = engine.count(part)
    wanted = GenerationRequest(
        (part,), 128 - size, sampling=Sampling(temperature=0.7, repetition_penalty=1.0)
    )
    for seed in range(3):
        finished = engine.generate(replace(wanted, seed=seed), CancelToken(), lambda text: None)
        assert finished.timing.prompt_tokens + finished.timing.new_tokens <= 128


def test_nothing_can_be_asked_before_loading(gpt2_dir: Path) -> None:
    engine = TorchEngine(gpt2_dir)
    with pytest.raises(EngineError):
        engine.count(PromptPart("x"))
    with pytest.raises(EngineError):
        text_of(engine, request("x"))


def test_importing_the_engine_loads_no_torch() -> None:
    code = (
        "import sys, dungeon.engine.torch_engine, dungeon.engine.fetch, dungeon.engine.scripted\n"
        "heavy = {'torch', 'transformers', 'huggingface_hub', 'numpy'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_loading_and_telling_say_nothing_on_the_terminal(gpt2_dir: Path) -> None:
    code = (
        "import sys\n"
        "from dungeon.engine.torch_engine import TorchEngine\n"
        "from dungeon.engine.base import *\n"
        "e = TorchEngine(sys.argv[1], device='cpu'); e.load(lambda line: None)\n"
        "e.generate(GenerationRequest((PromptPart('You'),), 5), CancelToken(), lambda t: None)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(gpt2_dir)], check=True, capture_output=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_another_process_writes_the_same_bytes(gpt2_dir: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from dungeon.engine.torch_engine import TorchEngine\n"
        "from dungeon.engine.base import *\n"
        "e = TorchEngine(sys.argv[1], device='cpu'); e.load(lambda line: None)\n"
        "r = GenerationRequest((PromptPart('You open the old door. ' * 20),), 60, seed=4)\n"
        "f = e.generate(r, CancelToken(), lambda t: None)\n"
        "print(e.info.dtype, ascii(f.text))\n"
    )
    environ = {**os.environ, "DUNGEON_MODELS": str(tmp_path)}
    # The first measures the kernels and prepares the weights, the second finds both.
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code, str(gpt2_dir)],
            check=True,
            capture_output=True,
            env=environ,
        ).stdout
        for _ in range(2)
    )
    assert first == second
    assert len(list((tmp_path / "prepared").glob("*.safetensors"))) == 2


@pytest.mark.parametrize("use", ["read", "write"])
def test_damaged_prepared_weights_are_made_again(gpt2_dir: Path, models: Path, use: str) -> None:
    kernels = Kernels(True, True)
    wanted = request("You")
    engine = TorchEngine(gpt2_dir, device="cpu", kernels=kernels)
    engine.load(lambda line: None)
    text = text_of(engine, wanted)
    (file,) = (models / "prepared").glob(f"gpt2-*int8-bf16-{use}.safetensors")
    content = bytearray(file.read_bytes())
    content[-9] ^= 64
    file.unlink()
    file.write_bytes(content)
    again = TorchEngine(gpt2_dir, device="cpu", kernels=kernels)
    again.load(lambda line: None)
    assert text_of(again, wanted) == text
    assert file.read_bytes() != bytes(content)


def test_eight_bits_are_within_half_a_scale() -> None:
    weight = torch.randn(50, 64, generator=torch.Generator().manual_seed(1))
    weight[3] = 0
    int8, scale = quantize(weight)
    error = (int8.float() * scale[:, None] - weight).abs()
    assert bool((error <= scale[:, None] / 2 + 1e-7).all())
    assert int8.dtype is torch.int8


def test_reading_ahead_saves_time_and_changes_no_text(tmp_path: Path) -> None:
    model = save_tiny_gpt2(tmp_path / "model", n_positions=512)
    story = PromptPart("You open the old door and step into the hall. " * 12)
    cue = PromptPart("\n\n> You look around.\n")
    request = GenerationRequest((story, cue), max_new_tokens=24, seed=3)
    texts = []
    for ahead in (False, True):
        engine = TorchEngine(model, device="cpu")
        engine.load(lambda line: None)
        if ahead:
            engine.warm((story,), CancelToken())
        finished = engine.generate(request, CancelToken(), lambda text: None)
        texts.append(finished.text)
        held = finished.timing.reused_tokens
        assert (held > 0.5 * engine.count(story)) is ahead
    assert texts[0] == texts[1]


def test_reading_ahead_stops_when_asked_and_minds_the_window(tmp_path: Path) -> None:
    engine = TorchEngine(save_tiny_gpt2(tmp_path / "model", n_positions=128), device="cpu")
    engine.load(lambda line: None)
    cancelled = CancelToken()
    cancelled.cancel()
    engine.warm((PromptPart("You wait. " * 9),), cancelled)
    engine.warm((PromptPart("You wait. " * 500),), CancelToken())
    engine.warm((), CancelToken())
    request = GenerationRequest((PromptPart("You wait."),), max_new_tokens=8)
    assert engine.generate(request, CancelToken(), lambda text: None).timing.reused_tokens == 0
