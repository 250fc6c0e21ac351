"""Model files: what is refused, and that nothing in them is executed."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart, Sampling
from dungeon.engine.store import MANIFEST, installed, verify, write_manifest
from dungeon.engine.torch_engine import TorchEngine, convert_gguf
from dungeon.engine.torch_engine.kernels import FLOAT32
from dungeon.errors import ModelError


class Bomb:
    """Leaves a file when unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
        return Path.touch, (self.mark,)  # type: ignore[return-value]


@pytest.fixture
def copy(gpt2_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(gpt2_dir, tmp_path / "copy"))


def refused(directory: Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        TorchEngine(directory, device="cpu").load(lambda line: None)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_accept_32_a_pickle_is_refused_and_not_opened(
    copy: Path, tmp_path: Path, protocol: int
) -> None:
    mark = tmp_path / "executed"
    bomb = pickle.dumps(Bomb(mark), protocol)
    (copy / "model.safetensors").unlink()
    (copy / "pytorch_model.bin").write_bytes(bomb)
    refusal = refused(copy)
    assert "pickle" in refusal.message
    assert "safetensors" in refusal.hint
    (copy / "model.safetensors").write_bytes(bomb)
    assert "no safetensors file" in refused(copy).message
    torch.save({"x": Bomb(mark)}, copy / "model.safetensors")
    assert "no safetensors file" in refused(copy).message
    assert not mark.exists()
    pickle.loads(bomb)
    assert mark.exists(), "the bomb is a dud"


def test_accept_32_a_pickle_beside_sound_weights_is_never_opened(
    copy: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "executed"
    for name in ("pytorch_model.bin", "training_args.bin", "model.pt", "adapter_model.bin"):
        (copy / name).write_bytes(pickle.dumps(Bomb(mark)))
    TorchEngine(copy, device="cpu").load(lambda line: None)
    assert not mark.exists()


def edit(directory: Path, changes: dict[str, object], name: str = "config.json") -> None:
    path = directory / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_accept_32_code_of_the_models_own_is_refused(copy: Path, tmp_path: Path, file: str) -> None:
    mark = tmp_path / "executed"
    code = f"open({str(mark)!r}, 'w')\nclass Evil: pass\n"
    for name in ("evil.py", "modeling_evil.py", "tokenization_evil.py"):
        (copy / name).write_text(code)
    for value in (
        {"AutoModelForCausalLM": "evil.Evil", "AutoConfig": "evil.Evil"},
        {"AutoTokenizer": ["tokenization_evil.Evil", None]},
        None,
    ):
        edit(copy, {"auto_map": value}, file)
        refusal = refused(copy)
        assert "code of its own" in refusal.message
    assert not mark.exists()


def test_accept_32_code_that_no_config_names_is_not_run(copy: Path, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    code = f"open({str(mark)!r}, 'w')\n"
    for name in ("modeling_gpt2.py", "configuration_gpt2.py", "custom_generate/generate.py"):
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text(code)
    TorchEngine(copy, device="cpu").load(lambda line: None)
    assert not mark.exists()


@pytest.mark.parametrize("size", [0, 4, 100, -1])
def test_accept_24_weights_cut_short(copy: Path, size: int) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:size])
    refused(copy)


@pytest.mark.parametrize(
    "changes",
    [
        {"n_embd": 64},
        {"n_layer": 3},
        {"vocab_size": 500},
        {"n_positions": 2048},
        {"n_layer": 10**9},
        {"n_layer": 400, "n_embd": 32000},
        {"n_layer": "two"},
        {"n_head": 5},
        {"vocab_size": -1},
        {"model_type": "bloom"},
        {"model_type": None},
        {"activation_function": "nonsense"},
    ],
)
def test_accept_24_a_config_that_does_not_fit(copy: Path, changes: dict[str, object]) -> None:
    edit(copy, changes)
    refused(copy)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000, "\xff"])
def test_accept_24_a_config_that_is_none(copy: Path, text: str) -> None:
    (copy / "config.json").write_text(text, encoding="latin-1")
    refused(copy)


def test_no_tokenizer_or_another_models(copy: Path) -> None:
    tokenizer = copy / "tokenizer.json"
    content = json.loads(tokenizer.read_text())
    tokenizer.write_text("{}")
    refused(copy)
    content["added_tokens"] = [
        {**content["added_tokens"][0], "id": id, "content": f"<{id}>"} for id in range(400, 500)
    ]
    tokenizer.write_text(json.dumps(content))
    refused(copy)
    tokenizer.unlink()
    assert "tokenizer" in refused(copy).message


def test_vocabulary_and_merges_are_a_tokenizer_too(copy: Path) -> None:
    model = json.loads((copy / "tokenizer.json").read_text())["model"]
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (copy / name).unlink()
    (copy / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    (copy / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    engine = TorchEngine(copy, device="cpu")
    engine.load(lambda line: None)
    text = "You open the old door.\n"
    codec = engine._ready()._speech.codec
    ids = codec.encode(PromptPart(text))
    assert codec.decode(list(ids)) == text
    assert len(ids) < len(text)


def test_unknown_device(copy: Path) -> None:
    with pytest.raises(ModelError, match="device"):
        TorchEngine(copy, device="abacus").load(lambda line: None)


# -- what was installed ------------------------------------------------------------------------


@pytest.fixture
def own(gpt2_dir: Path, models: Path) -> Iterator[Path]:
    """A model in the engine's own form, under a name of the catalogue."""
    target = models / "distilgpt2"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(gpt2_dir, target)
    write_manifest(target, "0" * 64)
    yield target
    shutil.rmtree(target)


def test_accept_24_a_flipped_byte_is_found(own: Path) -> None:
    model = installed("distilgpt2")
    assert model is not None
    digest = verify(model)
    assert len(digest) == 64
    assert verify(model) == digest
    weights = own / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-5] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        verify(model)
    assert "dungeon models pull distilgpt2" in caught.value.hint
    assert "model.safetensors" in caught.value.message


@pytest.mark.parametrize("place", [0, 3, 9, 200, -1])
def test_accept_24_a_flipped_byte_gives_no_traceback(copy: Path, place: int) -> None:
    # A directory of the player's own has no digest: what can be found is the header's damage.
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[place] ^= 0x11
    weights.write_bytes(content)
    if place == -1:
        TorchEngine(copy, device="cpu").load(lambda line: None)
    else:
        assert "Copy its directory again" in refused(copy).hint


def test_accept_24_a_tensor_of_the_wrong_shape(copy: Path) -> None:
    weights = copy / "model.safetensors"
    tensors = load_file(weights)
    name = next(name for name in tensors if name.endswith("mlp.c_fc.weight"))
    tensors[name] = tensors[name][:, :-1].contiguous()
    save_file(tensors, weights, metadata={"format": "pt"})
    assert "config.json" in refused(copy).message
    del tensors[name]
    save_file(tensors, weights, metadata={"format": "pt"})
    assert "config.json" in refused(copy).message


@pytest.mark.parametrize("damage", ["cut", "gone", "manifest", "older"])
def test_accept_24_damage_is_found_before_loading(own: Path, damage: str) -> None:
    if damage == "cut":
        with (own / "model.safetensors").open("r+b") as file:
            file.truncate(1000)
    elif damage == "gone":
        (own / "tokenizer.json").unlink()
    elif damage == "manifest":
        (own / MANIFEST).write_text('{"format": 1, "files": [1]}')
    else:
        edit(own, {"format": 0}, MANIFEST)
    with pytest.raises(ModelError) as caught:
        TorchEngine("distilgpt2", device="cpu").load(lambda line: None)
    assert "dungeon models pull distilgpt2" in caught.value.hint


def test_a_model_that_is_not_there(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(models / "no-hub"))
    with pytest.raises(ModelError, match="not on this machine"):
        TorchEngine("gpt2-xl").load(lambda line: None)


def test_the_hubs_cache_is_found_and_checked_by_its_blob_names(
    gpt2_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--gpt2"
    snapshot = folder / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")
    assert installed("gpt2") is None
    for path in gpt2_dir.iterdir():
        shutil.copy(path, snapshot / path.name)
    weights = snapshot / "model.safetensors"
    plain = installed("gpt2")
    assert plain is not None
    blob = folder / "blobs" / verify(plain)
    blob.parent.mkdir()
    weights.rename(blob)
    weights.symlink_to(blob)
    model = installed("gpt2")
    assert model is not None
    verify(model)
    blob.write_bytes(blob.read_bytes()[:-1])
    with pytest.raises(ModelError, match="damaged"):
        verify(model)


# -- conversion --------------------------------------------------------------------------------


def write_gguf(directory: Path, target: Path) -> None:
    """A transformers Llama as llama.cpp stores one."""
    import gguf
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(directory)
    tokenizer = json.loads(AutoTokenizer.from_pretrained(directory).backend_tokenizer.to_str())
    config = model.config
    writer = gguf.GGUFWriter(str(target), "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    vocabulary = sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1])
    special = {token["id"] for token in tokenizer["added_tokens"]}
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_types([3 if id in special else 1 for _, id in vocabulary])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(config.bos_token_id)
    writer.add_eos_token_id(config.eos_token_id)
    writer.add_unk_token_id(config.bos_token_id)
    names = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    state = model.state_dict()
    writer.add_tensor("token_embd.weight", state["model.embed_tokens.weight"].numpy())
    writer.add_tensor("output_norm.weight", state["model.norm.weight"].numpy())
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    for layer in range(config.num_hidden_layers):
        for ours, theirs in names.items():
            weight = state[f"model.layers.{layer}.{ours}.weight"]
            if theirs in heads:
                # It keeps the two halves of a rotary pair side by side.
                parts = weight.view(heads[theirs], 2, -1, weight.shape[1])
                weight = parts.transpose(1, 2).reshape(weight.shape)
            writer.add_tensor(f"blk.{layer}.{theirs}.weight", weight.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_gguf_becomes_a_model_that_says_the_same(llama_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    out.mkdir()
    write_gguf(llama_dir, tmp_path / "model.gguf")
    convert_gguf(tmp_path / "model.gguf", out)
    engines = []
    for directory in (llama_dir, out):
        engine = TorchEngine(directory, device="cpu", kernels=FLOAT32)
        engine.load(lambda line: None)
        engines.append(engine)
    wanted = GenerationRequest(
        (PromptPart("You open the old door.\n"),), 20, sampling=Sampling(temperature=0), odds=1
    )
    first, second = (engine.generate(wanted, CancelToken(), print) for engine in engines)
    assert engines[0].encode(wanted.prompt[0]) == engines[1].encode(wanted.prompt[0])
    assert first.text == second.text
    for one, other in zip(first.tokens, second.tokens, strict=True):
        # Stored as float16.
        assert abs(one.logprob - other.logprob) < 0.02


def test_a_gguf_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + b"\x00" * 100)
    with pytest.raises(ModelError):
        convert_gguf(tmp_path / "m.gguf", tmp_path)
