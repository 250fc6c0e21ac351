"""Words that a narrator does not use."""

from __future__ import annotations

_TAKES_PART = tuple(
    "I I'm I've I'll I'd My my Me me Mine mine Myself myself We we Us us Our our Ours ours".split()
)
_SPEAKS_TO = tuple(
    "You You're You've You'll You'd you you're you've you'll you'd Your your Yours yours "
    "Yourself yourself".split()
)
_UNSPOKEN = {"first": _SPEAKS_TO, "second": _TAKES_PART, "third": (*_TAKES_PART, *_SPEAKS_TO)}
_IDLE = tuple("'re ’re are 've ’ve have 'll ’ll will 'd ’d would".split())


def unspoken(person: str) -> tuple[str, ...]:
    """Words that stand in speech only, in a story told in the first, second or third `person`.

    A narrator who is nobody in the story has no "I", and one who speaks to nobody has no "you": a
    chat model that may say it turns to its user. In speech both are everybody's.
    """
    return _UNSPOKEN[person]


def not_first(opener: str) -> tuple[str, ...]:
    """Words that do not follow the one that is begun for the model; none where none is.

    With "You're right" a chat model talks to its user, and with "You are" it describes; without
    these it tells what is done.
    """
    return _IDLE if opener else ()
