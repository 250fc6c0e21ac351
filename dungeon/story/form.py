"""How the pieces of a story are written for a kind of model, and what they cost.

Two forms: plain prose for base models (GPT-2), with the player's lines as `> You ...`; and
messages for instruction-tuned ones, in the marks of the model's own chat template. A part
leads with its separator and never ends in a space, so that its tokens stay the same whatever
follows.
"""

from __future__ import annotations

from collections.abc import Sequence

from dungeon.story.action import Action, Mode, as_line, as_narrative
from dungeon.story.narrative import sentences
from dungeon.story.scenario import Card, Style
from dungeon.story.segments import ChatForm, Counter, Cut, Kind, Part, Segment
from dungeon.story.story import Story
from dungeon.story.tree import Node

GO_ON = "Tell what happens next."
"""What a player who types nothing is taken to say: with "Continue." a small chat model soon writes
on about anything but the scene."""

CHARS_PER_TOKEN = 16
"""No text is looked at beyond so many characters for each token of its budget: ordinary
English has four to five, and counting a megabyte would make the player wait."""

_NARRATOR = (
    "You are the narrator of an interactive story. The player says what they do; you tell what "
    "happens next in two to four sentences. Always write in the {person}, {tense} tense. "
    "Never speak or act for the player, never ask questions, never leave the story."
)


def narrator(style: Style) -> str:
    """What a narrator that takes instructions is told."""
    person = f"{style.person} person"
    if style.person == "third" and style.name:
        person = f"{person}, about {style.name}"
    return _NARRATOR.format(person=person, tense=style.tense)


class Form:
    """How the pieces of a story are written for one kind of model, and what they cost."""

    def __init__(self, chat: ChatForm | None, count: Counter, style: Style) -> None:
        self.chat = chat
        self.count = count
        self.style = style
        self.stop: tuple[str, ...] = ("\n>", "\n[")
        if chat is not None:
            self.stop = ("\n>", chat.close.strip(), chat.user.strip().split("\n")[0])

    def segment(self, kind: Kind, parts: Sequence[Part]) -> Segment:
        """`parts` with their tokens counted."""
        tokens = sum(self.count(part.text, part.special) for part in parts)
        return Segment(kind, tuple(parts), tokens)

    # -- turns ---------------------------------------------------------------------------------

    def size(self, node: Node) -> tuple[int, int]:
        """Tokens of the action and of the narrative of a turn."""
        line, text = self._line(node.action), self._text(node)
        return (
            sum(self.count(part.text, part.special) for part in line),
            sum(self.count(part.text, part.special) for part in text),
        )

    def turn(self, node: Node) -> Segment:
        """A whole turn: what was done and what came of it."""
        return self.segment("history", [*self._line(node.action), *self._text(node)])

    def shortened(self, node: Node, room: int) -> Segment:
        """A turn that is longer than the window: its last sentences, without its action."""
        opener = [Part(self.chat.assistant, special=True)] if self.chat else []
        closer = [Part(self.chat.close, special=True)] if self.chat else []
        room -= self.segment("history", [*opener, *closer]).tokens
        tail = self.last_sentences(node.text, room - 1)
        parts = [*opener, Part(tail if self.chat else "\n" + tail), *closer]
        return self.segment("history", parts if tail else [])

    def _line(self, action: Action | None) -> list[Part]:
        return self._action_parts(as_line(action, self.style), as_narrative(action), action)

    def _action_parts(self, line: str, narrative: str, action: Action | None) -> list[Part]:
        if self.chat is None:
            if line:
                return [Part("\n\n" + line)]
            return [Part("\n" + narrative)] if narrative else []
        if action is None:
            return []
        spoken = line.removeprefix("> ") or GO_ON
        words = f"The story goes on: {narrative}" if narrative else spoken
        return [
            Part(self.chat.user, special=True),
            Part(words),
            Part(self.chat.close, special=True),
        ]

    def _text(self, node: Node) -> list[Part]:
        if self.chat is None:
            return [Part("\n" + node.text)]
        return [
            Part(self.chat.assistant, special=True),
            Part(node.text),
            Part(self.chat.close, special=True),
        ]

    def cue(self, action: Action, opener: str, room: int, cut: list[Cut]) -> list[Segment]:
        """What the continuation follows: the action, cut to `room` tokens if it must be.

        `opener` is the first word of the continuation, or "".
        """
        first = [Part(opener)] if opener else []
        line, narrative = as_line(action, self.style), as_narrative(action)
        cue = self.segment("cue", [*self._cue_parts(line, narrative, action), *first])
        if cue.tokens > room:
            full = cue.tokens
            bare = self.segment("cue", [*self._cue_parts("", "", action), *first])
            spare = room - bare.tokens - 4
            if narrative:
                narrative = self.last_words(narrative, spare)
            else:
                line = self.first_words(line, spare)
            cue = self.segment("cue", [*self._cue_parts(line, narrative, action), *first])
            cut.append(Cut("cue", "part of a very long line", full - cue.tokens))
        return [cue] if cue.parts else []

    def neutral(self, opener: str) -> tuple[Part, ...]:
        """The cue of a turn in which the player does nothing; `opener` as for `cue`."""
        first = [Part(opener)] if opener else []
        return (*self._cue_parts("", "", Action(Mode.CONTINUE)), *first)

    def line(self, hero: str) -> tuple[Part, ...]:
        """The beginning of a line of the player's, for a model that is to write it."""
        if self.chat is None:
            return (Part(f"\n\n> {hero}"),)
        return Part(self.chat.user, special=True), Part(hero)

    def _cue_parts(self, line: str, narrative: str, action: Action) -> list[Part]:
        parts = self._action_parts(line, narrative, action)
        if self.chat is not None:
            return [*parts, Part(self.chat.assistant, special=True)]
        if line:
            # With the line feed in the same part: encoded as in the history later.
            return [Part(parts[0].text + "\n")]
        if action.mode is Mode.STORY and narrative:
            return parts
        return [Part("\n")]

    # -- what stands around the turns ------------------------------------------------------------

    def pinned(self, story: Story, room: int, cut: list[Cut]) -> list[Segment]:
        """Memory first, then the cards that always stand, then as much primer as fits."""
        chat = self.chat
        frame = self._frame(chat).tokens
        memory = self._trimmed("memory", story.memory, room - frame - 1, cut)
        left = room - frame - self.count(memory, False) - 1
        always = []
        for card in story.cards:
            if card.always:
                size = self.count("\n" + card.text, False)
                if size <= left:
                    always.append(card.text)
                    left -= size
                else:
                    cut.append(Cut("memory", f"card {card.name}", size))
        body = "\n".join(part for part in (memory, *always) if part)
        if chat is not None:
            return self._chat_pinned(chat, body, left)
        primer = self._primer(story, left - 4, cut) if story.scenario.examples else ""
        segments = []
        if primer:
            segments.append(self.segment("primer", [Part(primer + "\n\n***")]))
        if body:
            segments.append(self.segment("memory", [Part(("\n\n" if primer else "") + body)]))
        return segments

    def _chat_pinned(self, chat: ChatForm, body: str, left: int) -> list[Segment]:
        rules = narrator(self.style)
        rules = rules if self.count(rules + "\n\n", False) <= left else ""
        text = "\n\n".join(part for part in (rules, body) if part)
        if not text:
            return []
        return [
            self.segment(
                "memory",
                [Part(chat.system, special=True), Part(text), Part(chat.close, special=True)],
            )
        ]

    def _primer(self, story: Story, room: int, cut: list[Cut]) -> str:
        primer = ""
        for example in story.scenario.examples:
            line = as_line(Action(Mode.DO, example.action), self.style)
            turn = f"{line}\n{example.text.strip()}"
            longer = f"{primer}\n\n{turn}" if primer else turn
            if self.count(longer, False) > room:
                cut.append(Cut("primer", "a sample turn", self.count(turn, False)))
                break
            primer = longer
        return primer

    def note(self, text: str, room: int, cut: list[Cut]) -> list[Segment]:
        """The author's note, cut to `room` tokens if it must be."""
        if not text:
            return []
        frame = self._frame(self.chat)
        text = self._trimmed("note", text, room - frame.tokens - 6, cut)
        if not text:
            return []
        if frame.parts:
            return [self.segment("note", [frame.parts[0], Part(text), frame.parts[1]])]
        return [self.segment("note", [Part(f"\n[Author's note: {text}]")])]

    def cards_room(self, story: Story, most: int) -> int:
        """Tokens to keep free for cards: what all of them take, at most `most`.

        The same whichever cards are triggered, so that a card never moves the history.
        """
        room = self._frame(self.chat).tokens if story.cards else 0
        for card in story.cards:
            if card.keys and not card.always:
                room += self.count(self._card(card.text), False)
            if room >= most:
                return most
        return room

    def cards(self, found: Sequence[Card], room: int, cut: list[Cut]) -> list[Segment]:
        """The triggered cards that fit; `found` is most urgent first, and so are they."""
        frame = self._frame(self.chat)
        room -= frame.tokens
        parts = []
        for card in found:
            part = Part(self._card(card.text))
            size = self.count(part.text, part.special)
            if size <= room:
                parts.append(part)
                room -= size
            else:
                cut.append(Cut("cards", f"card {card.name}", size))
        # The most urgent stands last, nearest to the turns it is about.
        parts.reverse()
        return (
            [self.segment("cards", [*frame.parts[:1], *parts, *frame.parts[1:]])] if parts else []
        )

    def recall(self, texts: Sequence[str], room: int) -> list[Segment]:
        """What comes back of turns that left the window: as many of `texts` as fit, in order.

        What stands in one that is there already is left out.
        """
        frame = self._frame(self.chat)
        room -= frame.tokens
        parts: list[Part] = []
        for text in texts:
            words = " ".join(text.split())
            if not words or any(words in part.text for part in parts):
                continue
            part = Part(f"\nEarlier: {words}" if self.chat else f"\n[Earlier: {words}]")
            size = self.count(part.text, part.special)
            if size <= room:
                parts.append(part)
                room -= size
        # The most urgent stands last, as with the cards.
        parts.reverse()
        return (
            [self.segment("recall", [*frame.parts[:1], *parts, *frame.parts[1:]])] if parts else []
        )

    def _frame(self, chat: ChatForm | None) -> Segment:
        """The empty system message that stands around what is not said by anybody."""
        if chat is None:
            return Segment("cards", (), 0)
        return self.segment(
            "cards", [Part(chat.system, special=True), Part(chat.close, special=True)]
        )

    @staticmethod
    def _card(text: str) -> str:
        return "\n" + " ".join(text.split())

    # -- cutting ---------------------------------------------------------------------------------

    def _trimmed(self, kind: Kind, text: str, room: int, cut: list[Cut]) -> str:
        """The first sentences of `text` that fit into `room` tokens."""
        text = text.strip()
        near = text[: max(0, room) * CHARS_PER_TOKEN]
        full = self.count(near, False)
        if near == text and full <= room:
            return text
        kept = ""
        for piece in sentences(near):
            if self.count((kept + piece).rstrip(), False) > room:
                break
            kept += piece
        kept = kept.strip() or self.first_words(near, room)
        name = {"memory": "the end of the memory", "note": "the end of the author's note"}
        cut.append(Cut(kind, name.get(kind, "the end"), full - self.count(kept, False)))
        return kept

    def last_sentences(self, text: str, room: int) -> str:
        """The last sentences of `text` that fit, or its last words."""
        near = text[-max(1, room) * CHARS_PER_TOKEN :]
        kept = ""
        for piece in reversed(sentences(near)):
            if self.count("\n" + (piece + kept).strip(), False) > room:
                break
            kept = piece + kept
        return kept.strip() or self.last_words(near, room)

    def first_words(self, text: str, room: int) -> str:
        """As much of the beginning of `text` as fits into `room` tokens."""
        return self._bisect(text[: max(0, room) * CHARS_PER_TOKEN], room, head=True)

    def last_words(self, text: str, room: int) -> str:
        """As much of the end of `text` as fits into `room` tokens."""
        return self._bisect(text[-max(1, room) * CHARS_PER_TOKEN :], room, head=False)

    def _bisect(self, text: str, room: int, *, head: bool) -> str:
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            piece = text[:middle] if head else text[-middle:]
            if self.count(piece.strip(), False) <= room:
                low = middle
            else:
                high = middle - 1
        return (text[:low] if head else text[len(text) - low :]).strip()
