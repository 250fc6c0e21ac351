"""The cards of a story: those that were written, and those that it keeps by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from dungeon.errors import DungeonError
from dungeon.session import GameSession
from dungeon.story.action import Action
from dungeon.story.scenario import Card
from dungeon.ui.commands import CARDS, ON_CARDS, Command
from dungeon.ui.modal import Modal
from dungeon.ui.screens.card_editor import SHORT, CardEditor
from dungeon.ui.screens.choice import ChoiceScreen, error_screen
from dungeon.ui.shown import joined, line, shown
from dungeon.ui.widgets.key_bar import KeyBar
from dungeon.ui.widgets.line_input import LineInput

MAX_SEARCH = 80
NAME_CELLS = 22
"""Widest column of names, in cells."""
COLUMNS = [(0, "-one"), (116, "-two")]
"""From so many cells on, the picked card stands beside the list, else below it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A card as it is listed.

    Attributes:
        card: The card.
        own: Whether an author or the player wrote it; else the story keeps it by itself.
        now: Whether the next turn sends it; None where that is not known yet.
    """

    card: Card
    own: bool
    now: bool | None

    def has(self, words: Sequence[str]) -> bool:
        """Whether all `words`, folded, stand in it."""
        text = "\n".join((self.card.name, *self.card.keys, self.card.text)).casefold()
        return all(word in text for word in words)


class CardList(OptionList):
    """The list: a first click picks a card, a second opens it."""

    async def _on_click(self, event: Click) -> None:
        at = event.style.meta.get("option")
        if at is not None and at != self.highlighted:
            # The base class would open the card at once.
            event.prevent_default()
            if not self.get_option_at_index(at).disabled:
                self.highlighted = at


class SearchLine(LineInput):
    """The search; Down and Enter go on into the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "screen.into_list", "To the list", show=False, tooltip="On into the list."),
    ]


class CardsScreen(Modal[None]):
    """Lists, shows and changes the cards; every change is part of the story at once.

    Args:
        session: The story, no turn under way.
        action: What the player would do now: it decides which cards the next turn sends.
        changed: Called after each change.
    """

    COMMANDS_HERE: ClassVar[tuple[Command, ...]] = ON_CARDS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(command.binding() for command in ON_CARDS),
        Binding(
            ",".join(CARDS.keys),
            "dismiss(None)",
            "Close",
            show=False,
            priority=True,
            tooltip="Back to the story.",
        ),
    ]
    HORIZONTAL_BREAKPOINTS = COLUMNS
    VERTICAL_BREAKPOINTS = SHORT

    def __init__(self, session: GameSession, action: Action, changed: Callable[[], object]) -> None:
        super().__init__()
        self._session = session
        self._action = action
        self._changed = changed
        self._entries: list[Entry] = []
        self._rows: list[Entry | None] = []
        self._known = True

    def compose(self) -> ComposeResult:
        """Heading, search, the list, the picked card, automatic memory, keys."""
        with Vertical(classes="dialog wide tall", id="cards"):
            yield Static(Content(""), classes="dialog--title", id="cards-title", markup=False)
            with Horizontal(id="search-row"):
                yield Static(Content("/"), id="search-mark", markup=False)
                search = SearchLine(
                    id="search", max_length=MAX_SEARCH, placeholder="search names, keys and texts"
                )
                search.cursor_blink = self.app.animation_level != "none"
                yield search
            with Container(id="cards-body"):
                yield CardList(id="cards-list", markup=False, compact=True)
                with VerticalScroll(id="card"):
                    yield Static(Content(""), id="card-shown", markup=False)
            yield Static(Content(""), id="cards-state", markup=False)
            yield KeyBar(ON_CARDS, id="cards-keys")

    def on_mount(self) -> None:
        """The list has the focus: letters are keys there, and text in the search."""
        self.reload()
        self.list.focus()

    @property
    def list(self) -> CardList:
        """The list."""
        return self.query_one(CardList)

    @property
    def search(self) -> SearchLine:
        """The line above it."""
        return self.query_one(SearchLine)

    @property
    def picked(self) -> Entry | None:
        """The card that the keys are about."""
        at = self.list.highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    # -- what is listed ------------------------------------------------------------------------

    def reload(self, keep: Card | None = None) -> None:
        """Read the story's cards again, and pick `keep` if it is there."""
        story = self._session.story
        try:
            context = self._session.context(self._action)
        except DungeonError:
            # What left the window is known only once the model can count.
            self._known = False
            self._entries = [Entry(card, True, None) for card in story.cards]
        else:
            self._known = True
            self._entries = [Entry(card, True, context.holds(card)) for card in story.cards]
            self._entries += [Entry(card, False, context.holds(card)) for card in context.noticed]
        self._list(keep)

    def _list(self, keep: Card | None = None) -> None:
        picked = self.picked
        keep = keep or (picked.card if picked is not None else None)
        at = self.list.highlighted or 0
        words = self.search.value.casefold().split()
        found = [entry for entry in self._entries if entry.has(words)]
        width = min(NAME_CELLS, max((cell_len(_name(e.card)) for e in found), default=0))
        rows: list[Entry | None] = []
        options: list[Option] = []
        for own, heading in ((True, "Written"), (False, "Kept by itself")):
            group = [entry for entry in found if entry.own is own]
            if group:
                rows += [None, *group]
                options.append(Option(line(f"{heading} · {len(group)}"), disabled=True))
                options += [Option(card_option(entry, width)) for entry in group]
        self._rows = rows
        self.list.clear_options()
        self.list.add_options(options)
        places = [place for place, entry in enumerate(rows) if entry is not None]
        same = [place for place, entry in enumerate(rows) if entry and entry.card == keep]
        near = [place for place in places if place >= at] or places[-1:]
        self.list.highlighted = next(iter(same or near), None)
        if places[:1] == [self.list.highlighted]:
            # The heading above it would be out of sight.
            self.list.scroll_home(animate=False)
        self._show_card()
        self._show_state()

    def _show_card(self) -> None:
        picked = self.picked
        content = self._nothing() if picked is None else card_details(picked)
        self.query_one("#card-shown", Static).update(content)
        self.query_one("#card").scroll_home(animate=False)
        self.query_one(KeyBar).refresh()

    def _nothing(self) -> Content:
        if self._entries:
            return joined(
                (f"No card has “{self.search.value.strip()}” in it.\n", "$ink"),
                ("Esc clears the search.", "$faint"),
            )
        kept = (
            "What the story brings in (names, things, places, goals) is kept here by itself when "
            "its turn leaves what the narrator can see."
            if self._session.story.automatic
            else "Automatic memory is off; M switches it on, and what leaves the narrator's sight "
            "is kept here by itself."
        )
        return joined(
            ("There are no cards yet.\n", "$ink"), (f"Press A to write one. {kept}", "$faint")
        )

    def _show_state(self) -> None:
        now = sum(entry.now is True for entry in self._entries)
        counts = f"  {len(self._entries)}" if self._entries else ""
        if counts and self._known:
            counts += f", ● {now} in the next turn's context"
        self.query_one("#cards-title", Static).update(joined("Cards", (counts, "not bold $faint")))
        on = self._session.story.automatic
        more = "what leaves the narrator's sight is kept."
        if not on:
            more = "only what is written comes back."
        elif not self._known:
            more = "its cards come once the narrator is here."
        self.query_one("#cards-state", Static).update(
            joined(
                (f"Automatic memory is {'on' if on else 'off'}: ", "$ink"),
                (more, "$faint"),
            )
        )

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show the whole card."""
        event.stop()
        self._show_card()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open it."""
        event.stop()
        self.action_edit()

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what is looked for."""
        event.stop()
        self._list()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """On into the list."""
        event.stop()
        self.action_into_list()

    # -- verbs ---------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only a card that is picked can be opened or thrown away; None greys a key out."""
        return None if action in ("edit", "forget") and self.picked is None else True

    def action_into_list(self) -> None:
        """From the search to what it found."""
        self.list.focus()

    def action_find(self) -> None:
        """To the search."""
        self.search.focus()

    def action_close(self) -> None:
        """Clear the search, or leave."""
        if self.search.value or self.search.has_focus:
            self.search.value = ""
            self.list.focus()
        else:
            self.dismiss(None)

    def action_edit(self) -> None:
        """Open the picked card."""
        picked = self.picked
        if picked is not None:
            self._edit(picked.card, picked.own)

    def action_add(self) -> None:
        """Write a new card."""
        self._edit(None, True)

    def _edit(self, old: Card | None, own: bool) -> None:
        def edited(new: Card | None) -> None:
            if new is not None:
                self.search.value = ""
                self._after(new)

        def keep(new: Card) -> None:
            self._session.put_card(old, new)

        self.app.push_screen(CardEditor(old, own, keep), edited)

    def action_forget(self) -> None:
        """Throw the picked card away, after asking."""
        picked = self.picked
        if picked is None:
            return

        def answered(answer: str | None) -> None:
            if answer == "forget":
                try:
                    self._session.put_card(picked.card, None)
                except DungeonError as error:
                    self.app.push_screen(error_screen(error))
                self._after()

        self.app.push_screen(
            ChoiceScreen(
                "Throw this card away?",
                f"{_name(picked.card)}\n"
                + (
                    "It cannot be brought back."
                    if picked.own
                    else "The story will not keep it by itself again."
                ),
                [("keep", "Keep it"), ("forget", "Throw away")],
                danger="forget",
            ),
            answered,
        )

    def action_automatic(self) -> None:
        """Switch automatic memory on or off."""
        self._session.set_automatic(not self._session.story.automatic)
        self._after()

    def _after(self, keep: Card | None = None) -> None:
        self.reload(keep)
        self._changed()


def _name(card: Card) -> str:
    return line(card.name).plain or "(no name)"


def _keys(card: Card) -> str:
    return "always" if card.always else ", ".join(line(key).plain for key in card.keys)


def _mark(entry: Entry) -> Content:
    return shown("●", "$success") if entry.now else shown("○", "$border")


def card_option(entry: Entry, width: int) -> Content:
    """A line of the list; names take `width` cells."""
    card = entry.card
    name = _name(card)
    name = set_cell_size(name, width - 1) + "…" if cell_len(name) > width else name
    return joined(
        _mark(entry),
        (f" {set_cell_size(name, width)}", "$primary" if entry.own else "italic $secondary"),
        (f"  {_keys(card)}", "$faint"),
        joined("  ", line(card.text[:200], "$ink")),
    )


def card_details(entry: Entry) -> Content:
    """All of a card."""
    card = entry.card
    facts = [] if entry.own else ["kept by itself"]
    if card.always:
        facts.append("always")
    if card.keys:
        facts.append(f"called by: {', '.join(line(key).plain for key in card.keys)}")
    if card.priority:
        facts.append(f"priority {card.priority}")
    if entry.now is not None:
        facts.append("in the next turn's context" if entry.now else "not in the context now")
    return Content("\n").join(
        [
            shown(_name(card), "bold $primary" if entry.own else "bold italic $secondary"),
            joined(_mark(entry), (f" {' · '.join(facts)}", "$faint")),
            shown(card.text.strip(), "$ink"),
        ]
    )
