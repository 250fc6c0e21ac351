"""What a model writes when it leaves the story: chat, headings, lists, notes, tags, questions
to the player."""

from __future__ import annotations

import html
import re

from dungeon.story.sentences import has_words, sentences

# Another action, or somebody else's turn in a chat: the story is over there.
_OVER = re.compile(
    r"\s*(?:>|(?:user|human|player|you|me|prompt|question|q|input)\s*:|```)", re.IGNORECASE
)
# The narrator's own name before what he says.
_LABEL = re.compile(
    r"\s*(?:(?:narrator|assistant|system|ai|bot|gm|dm|story|answer|a|response|output|narration)"
    r"\s*:\s*)+",
    re.IGNORECASE,
)
_NO_STORY = re.compile(
    r"""\s*(?:
        [#|`~=]                                    # a heading, a table, code
      | (?:[-*_]\s*){3,}$                           # a rule
      | \*\*[^*\n]{1,60}\*\*:?\s*$                   # a heading in bold
      | (?:https?://|www\.)
      | (?:chapter|part|section|act|scene|turn|title|prologue|epilogue)
        (?:\s+(?:\d+|[ivxlc]+|one|two|three|four|five|six))?\s*(?:[:.—–-][^.!?]{0,60}[.!?]?)?$
      | option\s+(?:[a-d]|\d)\s*[:.)–-]
      | (?:author['’]?s?\s+)?note(?:s)?\s*:
      | (?:ooc|disclaimer|word\s+count|tags?|summary|example|instructions?)\s*:
      | \(\s*(?:note|ooc|author|to\s+be\s+continued)\b
      | the\s+(?:\w+\s+)?(?:sentence|paragraph)s?\s+of\s+the\s+story\b
      | to\s+be\s+continued\b | the\s+end\W*$ | fin\W*$ | end\s+of\s+(?:story|turn|chapter)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_ITEM = re.compile(r"\s*(?:[-*•+]\s+|\(?(?:\d{1,2}|[a-hA-H])[.)]\s+)(?=\S)")
_BRACKETED = re.compile(r"\s*\[[^\]\n]*\]?\s*")
_ASIDE = re.compile(
    r"\[\s*(?:author|note|ooc|end\b|narrator|player|system|you\s+(?:can|may))", re.I
)
_DRESS = re.compile(r"</?(?:i|b|em|strong|u|small|span)\s*/?>", re.IGNORECASE)
_BREAK = re.compile(r"\s*</?(?:br|p)\s*/?>\s*", re.IGNORECASE)
_ENTITY = re.compile(r"&(quot|apos|#39|nbsp|hellip|mdash|ndash|lsquo|rsquo|ldquo|rdquo|amp);")
# Tags of a chat before the story begins, and the fence of a block that holds all of it.
_PREAMBLE = re.compile(
    r"""\s*(?:
        (?:<\|[^\n|]{0,40}\|>\s*(?:assistant|system|user)?\s*)+
      | <s>\s* | \[INST\][^\n]{0,2000}?\[/INST\]\s*
      | ```(?:text|markdown|md|plaintext|story)?[ \t]*\n
      | ```[^\n]*\n.{0,2000}?\n```\s*\n
      | chapter\s+(?:\d+|[ivxlc]+)\s*[:.—–-][^.!?\n]{0,60}[.\n]\s*
      | here(?:['’]s|\s+is|\s+are)\s+[^.:!\n]{0,60}\b(?:story|continuation|response|scene|version|
        answer|passage|narrative|narration|text|turn|part|paragraph|sentences?)\b[^.:!\n]{0,60}:\s*
      | (?:sure(?:\s+thing)?|certainly|absolutely|of\s+course)!\s+(?=[A-Z"“])
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_REFUSES = re.compile(
    r"""\W*(?:as\s+an?\s+(?:ai\b|(?:large\s+)?language\s+model)
      | i['’]?\s?a?m\s+(?:sorry|afraid),?\s+(?:but\s+)?
        (?:i\s+(?:can['’]?t|cannot|am\s+not|am\s+unable)|i['’]m\s+(?:not|unable))\s+(?:able\s+to\s+|to\s+)?
        (?:help|assist|continue|fulfil|generate|write|create|provide|comply|do\s+that|engage)
      | i\s+(?:can['’]?t|cannot)\s+(?:(?:help|assist)\s+(?:you\s+)?with\s+(?:that|this|your\s+\w+)
        \s*[.!,]|fulfil|generate|comply)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_TAG = re.compile(
    r"<\|[^\n]{0,80}|</?[a-zA-Z][^<>\n]{0,80}>|https?://\S+|www\.\w\S*|\[/?INST\]|</?s>"
)
_EMPHASIS = re.compile(
    r"(?<![\w*])(\*{1,3}|_{1,3}|`)(?=[^\s*_`])([^*`\n]{0,200}?[^\s*`])\1(?![\w*])"
)
_LOOSE_EMPHASIS = re.compile(r"(?<!\S)[*_`]+(?=\w)|(?<=[.!?,])[*_`]+(?=\s|\Z)")

_ASKS = re.compile(
    r"""\W*(?:(?:so|and|now|but|then|or)\b[,\s]*)*
    (?:what|how|where|which\s+\w+)\s+(?:do|will|would|should|shall|are)\s+you\s+
    (?:(?:like|want|wish|choose|going|plan|intend|decide)\s+to\s+)?
    (?:do|choose|decide|respond|react|proceed|go|say|take|answer|act|handle|reply|think(?=\s*\?))\b
    (?![^?]*\b(?:here|mean|know|think)\b)[^?]*\?\W*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_ASKS_AT_END = re.compile(
    r"""\W*(?:(?:so|and|now|but|then|or)\b[,\s]*)*
    (?:(?:do|will|would|shall)\s+you\b
      |are\s+you\s+(?:ready|going|sure|willing)\b
      |(?:what|who|how|where|when|why|which)\b[^?]{0,80}?\b(?:do|will|would|should|shall)\s+you\b
      |(?:what|who|where)(?:['’]s|\s+(?:is|are|will\s+be))\s+your\b
      |(?:what|who|how|where|when|why|which)\b[^?]{0,80}\b(?:this|the|your)\s+
        (?:scene|story|game|narrative|passage|character|adventure)\b
    )[^?]*\?\W*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_TELLS = re.compile(
    r"""\W*(?:(?:so|and|now|but)\b[,\s]*)?
    (?:the\s+(?:choice|decision|rest)\s+is\s+(?:yours|up\s+to\s+you)
      |it(?:['’]s|\s+is)\s+(?:all\s+)?up\s+to\s+you(?:\s+to\s+\w+[^.!]{0,40})?\s*[.!]
      |(?:please\s+)?(?:choose|select|pick)\s+(?:wisely|one|an?\s+option|your\s+(?:next|action|move))
      |let\s+me\s+know\b
      |please\s+(?:choose|select|enter|type|tell\s+me|respond|reply|provide|continue)
      |(?:type|enter)\s+(?:your|a|an|the)\s+(?:action|command|choice|name|answer|response|next)
      |game\s+over\W*\Z | (?:do\s+you\s+want\s+to\s+)?(?:restart|start\s+over|play\s+again)\W*\Z
      |the\s+story\s+(?:goes\s+on|continues|begins|ends)\W*\Z
      |your\s+turn\W*\Z | the\s+end\W*\Z | to\s+be\s+continued\b | (?:end|fin)\W*\Z
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST = 300
"""Characters of the longest sentence that can be a question to the player."""


def inside(text: str) -> str:
    """`text` up to where it leaves the story, without what stands before it begins."""
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), _BREAK.sub(" ", text))
    text = _DRESS.sub("", text)
    while preamble := _PREAMBLE.match(text):
        text = text[preamble.end() :]
    if _REFUSES.match(text):
        return ""
    tag = _TAG.search(text)
    if tag:
        text = text[: tag.start()]
    aside = _ASIDE.search(text)
    if aside and has_words(text[: aside.start()]):
        text = text[: aside.start()]
    lines = text.split("\n")
    kept: list[str] = []
    begun = False
    for at, line in enumerate(lines):
        if _OVER.match(line):
            _take_back(kept)
            break
        label = _LABEL.match(line)
        bracketed = _BRACKETED.match(line)
        item = _ITEM.match(line)
        if _NO_STORY.match(line) or label or bracketed or item:
            if begun:
                _take_back(kept)
                break
            if label:
                line = line[label.end() :]
            elif bracketed:
                line = line[bracketed.end() :]
            elif item and not _is_list(lines, at):
                line = line[item.end() :]
            else:
                continue
        begun = begun or has_words(line)
        kept.append(line.rstrip())
    return _LOOSE_EMPHASIS.sub("", _EMPHASIS.sub(r"\2", "\n".join(kept)))


def _take_back(kept: list[str]) -> None:
    """Take out the announcement of what was cut: "Here is a list:"."""
    while kept and not kept[-1].strip():
        kept.pop()
    if kept and kept[-1].endswith(":"):
        kept[-1] = "".join(sentences(kept[-1])[:-1])


def _is_list(lines: list[str], at: int) -> bool:
    """Whether the item in line `at` has another beside it."""
    near = [line for line in lines[max(0, at - 2) : at] + lines[at + 1 : at + 3] if line.strip()]
    return any(_ITEM.match(line) for line in near)


def without_questions(text: str) -> str:
    """`text` without what asks the player, who sits at a keyboard, what to do next.

    What people in the story ask, in quotation marks, stays. After a question "What do you do?"
    the model would answer it itself, so the rest goes too.
    """
    kept: list[str] = []
    plain: list[bool] = []
    speech = told = False
    for piece in sentences(text):
        marks = sum(piece.count(mark) for mark in '"“”')
        outside = not speech and not marks and len(piece) <= _LONGEST
        if outside and _ASKS.match(piece):
            if told:
                break
            continue
        speech ^= bool(marks % 2)
        told = told or has_words(piece)
        kept.append(piece)
        plain.append(outside)
    while kept and plain[len(kept) - 1] and _is_aside(kept[-1]):
        kept.pop()
    return "".join(kept)


def _is_aside(piece: str) -> bool:
    return not has_words(piece) or bool(_ASKS_AT_END.match(piece) or _TELLS.match(piece))
