"""Models of a few thousand random weights, saved the way transformers saves real ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

TEXT = (
    "You open the old door and step into the hall. A cold wind moves the torches.",
    '"Who goes there?" asks the guard. You say nothing and walk on, into the dark.',
    "> You look around.\nThere is a brass key on the table, and a letter with your name.",
    "The river runs past the mill; somewhere a bell rings. It's the tenth hour!",
)


def _tokenizer(special: tuple[str, ...]) -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in special],
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    end = special[-1]
    wrapper: Any = PreTrainedTokenizerFast
    return wrapper(tokenizer_object=tokenizer, eos_token=end, bos_token=end)


def save_tiny_gpt2(
    directory: Path,
    n_positions: int = 1024,
    layers: int = 2,
    width: int = 32,
    heads: int = 2,
    seed: int = 0,
) -> Path:
    """A random GPT-2 with a tokenizer of 400 tokens; `<|endoftext|>` is its end token."""
    tokenizer = _tokenizer(("<|endoftext|>",))
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=n_positions,
        n_embd=width,
        n_layer=layers,
        n_head=heads,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return _save(directory, GPT2LMHeadModel, config, tokenizer, seed)


def save_tiny_llama(
    directory: Path,
    n_positions: int = 1024,
    layers: int = 2,
    width: int = 32,
    heads: int = 4,
    seed: int = 0,
) -> Path:
    """A random Llama with grouped queries and the special tokens of SmolLM2."""
    tokenizer = _tokenizer(("<|endoftext|>", "<|im_start|>", "<|im_end|>"))
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=n_positions,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return _save(directory, LlamaForCausalLM, config, tokenizer, seed)


def _save(directory: Path, kind: Any, config: Any, tokenizer: Any, seed: int) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = kind(config)
        for parameter in model.parameters():
            # Fresh weights are so small that one token wins everywhere; these vary.
            parameter.data.mul_(4 if parameter.dim() > 1 else 1)
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory
