"""The scenario format as a pydantic model: types, ranges, and what each field is for.

The descriptions are the documentation that `json_schema` hands to editors.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TextIO

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dungeon.story.presets import PRESETS
from dungeon.story.scenario import MAX_PRIORITY, RANGES, GenerationSettings

Text = Annotated[str, Field(strict=True)]
Line = Annotated[str, Field(strict=True, min_length=1)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
_DEFAULTS = GenerationSettings()


class Part(BaseModel):
    """What all parts of a scenario have in common: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class QuestionModel(Part):
    """Something the player is asked before the first turn."""

    key: Key = Field(description="Name of the answer: {key} in any text stands for it.")
    ask: Line = Field(description="The question as the player sees it.")
    default: Text = Field("", description="The answer of an empty line.")
    choices: list[Line] = Field(default_factory=list, description="Answers to choose from.")


class CardModel(Part):
    """World info: enters the context when one of its keys was just said."""

    name: Line = Field(description="Title of the card, unique in the scenario.")
    text: Line = Field(description="What the narrator should know.")
    keys: list[Line] = Field(
        default_factory=list, description="Words or phrases that bring the card in: whole words."
    )
    always: bool = Field(
        False, strict=True, description="In the context at all times, keys or not."
    )
    priority: int = Field(
        0,
        ge=-MAX_PRIORITY,
        le=MAX_PRIORITY,
        description="Where not all cards fit that are called, greater ones go first.",
    )


class StyleModel(Part):
    """The grammatical person and tense of the story, and of whom it tells."""

    person: Literal["first", "second", "third"] = "second"
    tense: Literal["present", "past"] = "present"
    name: Text = Field(
        default="",
        description="What the third person calls the one who is played; without it, the answer "
        "to the question `name`.",
    )
    pronoun: Literal["they", "she", "he", "it"] = Field(
        default="they", description="What the third person says for the name when it comes again."
    )


class ExampleModel(Part):
    """A sample turn that shows a base model the style."""

    action: Line = Field(description="What the player types.")
    text: Line = Field(description="What the narrator answers.")


def _number(name: str, kind: type) -> Any:
    allowed = RANGES[name]
    finite: dict[str, Any] = {} if allowed.whole else {"allow_inf_nan": False}
    return Field(default=kind(getattr(_DEFAULTS, name)), ge=allowed.low, le=allowed.high, **finite)


class GenerationModel(Part):
    """How the next words are drawn."""

    preset: Literal[*PRESETS] | None = Field(  # type: ignore[valid-type]
        None, description="Numbers that suit each other; those written beside it go first."
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

    dungeon: Literal["1"] = Field(description="Version of this format.")
    title: Line = Field(description="The scenario's name.")
    summary: Text = Field("", description="One or two lines for the library.")
    author: Text = ""
    tags: list[Line] = Field(default_factory=list)
    rating: Literal["everyone", "teen", "mature"] = "everyone"
    questions: list[QuestionModel] = Field(default_factory=list)
    memory: Text = Field("", description="Always in the context: who, where, what matters.")
    authors_note: Text = Field("", description="Short guidance near the end of the context.")
    opening: Line = Field(description="The first scene.")
    cards: list[CardModel] = Field(default_factory=list)
    style: StyleModel = Field(default_factory=lambda: StyleModel.model_validate({}))
    generation: GenerationModel = Field(default_factory=lambda: GenerationModel.model_validate({}))
    banned: list[Line] = Field(
        default_factory=list, description="Phrases that the narrator never writes."
    )
    examples: list[ExampleModel] = Field(default_factory=list)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file, for editors."""
    schema = ScenarioModel.model_json_schema()
    # In YAML the version is written as a number; this reader takes every scalar as text.
    schema["properties"]["dungeon"] = {
        "const": 1,
        "description": schema["properties"]["dungeon"]["description"],
    }
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema


def write_schema(out: TextIO) -> int:
    """`dungeon schema`: write the JSON Schema to `out`; returns the exit code, 0."""
    json.dump(json_schema(), out, indent=2, ensure_ascii=False)
    out.write("\n")
    return 0
