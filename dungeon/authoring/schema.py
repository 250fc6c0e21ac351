"""The scenario format as a pydantic model: types, ranges, and what each field is for.

The descriptions are the documentation that `json_schema` hands to editors.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TextIO

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dungeon.story.generation import RANGES, GenerationSettings
from dungeon.story.presets import PRESETS
from dungeon.story.scenario import MAX_PRIORITY

Text = Annotated[str, Field(strict=True)]
Line = Annotated[str, Field(strict=True, min_length=1)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
_DEFAULTS = GenerationSettings()


class Part(BaseModel):
    """What all parts of a scenario have in common: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class QuestionModel(Part):
    """Something the player is asked before the first turn."""

    key: Key = Field(
        description="Name of the answer: {key} in any text stands for it.", examples=["name"]
    )
    ask: Line = Field(
        description="The question as the player sees it.", examples=["What is your name?"]
    )
    default: Text = Field("", description="The answer of an empty line.", examples=["Ansel"])
    choices: list[Line] = Field(
        default_factory=list,
        description="Answers to choose from; another may still be typed.",
        examples=[["a smuggler", "a knight", "a scholar"]],
    )


class CardModel(Part):
    """World info: enters the context when one of its keys was just said."""

    name: Line = Field(
        description="Title of the card, unique in the scenario.", examples=["Queen Maro"]
    )
    text: Line = Field(
        description="What the narrator should know: whole sentences, thirty to sixty words.",
        examples=["Queen Maro is sixty and small and forgets nothing."],
    )
    keys: list[Line] = Field(
        default_factory=list,
        description="Words or phrases that bring the card in: whole words, small or capital.",
        examples=[["maro", "queen", "crown"]],
    )
    always: bool = Field(
        False, strict=True, description="In the context at all times, without keys."
    )
    priority: int = Field(
        0,
        ge=-MAX_PRIORITY,
        le=MAX_PRIORITY,
        description="Where not all cards fit that are called, greater ones go first.",
    )


class StyleModel(Part):
    """The grammatical person and tense of the story, and of whom it tells."""

    person: Literal["first", "second", "third"] = Field(
        "second", description="I open the door, you open the door, or she opens the door."
    )
    tense: Literal["present", "past"] = Field(
        "present", description="You open the door, or you opened the door."
    )
    name: Text = Field(
        default="",
        description="What the third person calls the one who is played; without it, the answer "
        "to the question `name`.",
        examples=["Sanna", "old {calling}"],
    )
    pronoun: Literal["they", "she", "he", "it"] = Field(
        default="they", description="What the third person says for the name when it comes again."
    )


class ExampleModel(Part):
    """A sample turn that shows a base model the style."""

    action: Line = Field(description="What the player types.", examples=["taste the salt"])
    text: Line = Field(
        description="What the narrator answers: one to three whole sentences.",
        examples=["You put a grain on your tongue. It is bitter and it tastes of the sea."],
    )


_NUMBERS = {
    "temperature": "How freely words are drawn: 0 always takes the likeliest, 2 is wild.",
    "top_p": "Only the likeliest words that together have this probability; 1 keeps all.",
    "top_k": "Only so many of the likeliest words; 0 keeps all.",
    "repetition_penalty": "How much a word that was just said is held back; 1 is off.",
    "max_new_tokens": "Longest turn, in tokens: about four for three words.",
    "candidates": "Continuations of which the best is told; 0 as many as suit the model.",
    "min_p": "Only words at least so likely as this share of the likeliest; 0 keeps all.",
    "repetition_range": "How many of the last tokens the penalty looks at; 0 looks at all.",
    "repetition_slope": "How steeply the penalty grows over that range; 0 is the same throughout.",
    "no_repeat_ngram": "A row of so many tokens is not written again; 0 is off.",
    "typical_p": "Only the words nearest to the expected surprise; 1 keeps all.",
}


def _number(name: str, kind: type) -> Any:
    allowed = RANGES[name]
    finite: dict[str, Any] = {} if allowed.whole else {"allow_inf_nan": False}
    return Field(
        default=kind(getattr(_DEFAULTS, name)),
        ge=allowed.low,
        le=allowed.high,
        description=_NUMBERS[name],
        **finite,
    )


class GenerationModel(Part):
    """How the next words are drawn."""

    preset: Literal[*PRESETS] | None = Field(  # type: ignore[valid-type]
        None,
        description="Numbers that suit each other; those written beside it go first.",
        examples=["lively"],
    )
    temperature: float = _number("temperature", float)
    top_p: float = _number("top_p", float)
    top_k: int = _number("top_k", int)
    repetition_penalty: float = _number("repetition_penalty", float)
    max_new_tokens: int = _number("max_new_tokens", int)
    candidates: int = _number("candidates", int)
    min_p: float = _number("min_p", float)
    repetition_range: int = _number("repetition_range", int)
    repetition_slope: float = _number("repetition_slope", float)
    no_repeat_ngram: int = _number("no_repeat_ngram", int)
    typical_p: float = _number("typical_p", float)

    @model_validator(mode="before")
    @classmethod
    def _expanded(cls, data: Any) -> Any:
        """The preset's numbers under those that are written out."""
        preset = data.get("preset") if isinstance(data, dict) else None
        if not isinstance(preset, str) or preset not in PRESETS:
            return data
        return {**PRESETS[preset].numbers(), **data}

    @field_validator("*", mode="before")
    @classmethod
    def _written_as_a_number(cls, value: object) -> object:
        # pydantic takes "0.8 " for 0.8 and "1_0" for 10; nobody means that.
        if isinstance(value, str) and (value != value.strip() or "_" in value):
            raise ValueError("no number as it is written")
        return value


class ScenarioModel(Part):
    """A story to begin, for Dungeon: format 1."""

    dungeon: Literal["1"] = Field(description="Version of this format: 1.")
    title: Line = Field(description="The scenario's name.", examples=["The Salt Road"])
    summary: Text = Field(
        "",
        description="One or two lines for the library.",
        examples=["Grey salt is death to carry, and there is forty pounds of it under your seat."],
    )
    author: Text = Field("", description="Who wrote it.", examples=["Ada Byron"])
    tags: list[Line] = Field(
        default_factory=list,
        description="For the library; the first is the genre.",
        examples=[["fantasy", "smuggling"]],
    )
    rating: Literal["everyone", "teen", "mature"] = Field(
        "everyone", description="For whom it is; a player can leave out what is rated higher."
    )
    questions: list[QuestionModel] = Field(
        default_factory=list, description="Asked before the first turn."
    )
    memory: Text = Field(
        "",
        description="Always in the context: who, where, what matters. 60 to 140 words.",
        examples=["You are {name}, a smuggler. The road to Hesk is watched by the salt guard."],
    )
    authors_note: Text = Field(
        "",
        description="Stands just before the newest turn, so it colours what comes next.",
        examples=["The night is cold and smells of mules. Danger comes close and is polite."],
    )
    opening: Line = Field(
        description="The first scene; it ends where the player wants to act.",
        examples=["The caravan halts at dusk where the road squeezes between two cliffs."],
    )
    cards: list[CardModel] = Field(
        default_factory=list, description="World info: what the narrator knows when it is said."
    )
    style: StyleModel = Field(
        default_factory=lambda: StyleModel.model_validate({}),
        description="In which person and tense the story is told.",
        examples=[{"person": "second", "tense": "present"}],
    )
    generation: GenerationModel = Field(
        default_factory=lambda: GenerationModel.model_validate({}),
        description="How the next words are drawn; the defaults are good.",
        examples=[{"preset": "lively", "max_new_tokens": 60}],
    )
    banned: list[Line] = Field(
        default_factory=list,
        description="Phrases that the narrator never writes.",
        examples=[["As an AI", "Once upon a time"]],
    )
    examples: list[ExampleModel] = Field(
        default_factory=list, description="Sample turns that show a base model the style."
    )


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file, for editors."""
    schema = ScenarioModel.model_json_schema()
    for part in (schema, *schema["$defs"].values()):
        for name, field in part["properties"].items():
            part["properties"][name] = _as_written(field, name in part.get("required", ()))
    # In YAML the version is written as a number.
    schema["properties"]["dungeon"] = {
        "const": 1,
        "description": schema["properties"]["dungeon"]["description"],
        "examples": [1],
    }
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema


def _as_written(field: dict[str, Any], required: bool) -> dict[str, Any]:
    """A field's schema for YAML, in which text need not look like text.

    The reader takes every scalar as it is written (`title: 1984`), and a field without a value
    as one left out; an editor should not complain of either.
    """
    field = {key: value for key, value in field.items() if key != "title"}
    if field.get("type") == "string" and not {"enum", "const", "pattern"} & field.keys():
        field["type"] = ["string", "number", "boolean"]
    if field.get("type") == "array" and "$ref" not in field["items"]:
        field["items"] = _as_written(field["items"], required=True)
    if not required and "type" in field and "enum" not in field:
        kinds = field["type"]
        field["type"] = [*kinds, "null"] if isinstance(kinds, list) else [kinds, "null"]
    return field


def write_schema(out: TextIO) -> int:
    """`dungeon schema`: write the JSON Schema to `out`; returns the exit code, 0."""
    json.dump(json_schema(), out, indent=2, ensure_ascii=False)
    out.write("\n")
    return 0
