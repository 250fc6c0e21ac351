"""A path of the tree told again at reading pace; any key stops."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Click, Key
from textual.screen import Screen
from textual.widgets import Static

from dungeon.story.action import Action, Mode
from dungeon.story.story import Story
from dungeon.story.tree import NodeId
from dungeon.ui.shown import line
from dungeon.ui.widgets.transcript import Transcript

PACE = 28
"""Characters a second: some 280 words a minute, as most people read."""
FRAMES = 14
"""A second, in which the words come."""
REST = 1.0
"""Between one turn and the next, in seconds."""


class ReplayScreen(Screen[None]):
    """Tells the story again from its opening to a turn; nothing in it changes.

    Args:
        story: The story.
        node_id: The turn that it ends with.
    """

    AUTO_FOCUS = ""

    def __init__(self, story: Story, node_id: NodeId) -> None:
        super().__init__()
        self._story = story
        self._path = story.tree.path(node_id)
        self._at = 1
        self._shown = 0.0
        self._rest = REST

    def compose(self) -> ComposeResult:
        """The story, and how to stop."""
        yield Transcript(id="replay")
        yield Static(Content(""), id="replay-state", markup=False)

    @property
    def transcript(self) -> Transcript:
        """The story so far."""
        return self.query_one(Transcript)

    def on_mount(self) -> None:
        """Begin with the opening."""
        self.transcript.story_style = self._story.style
        self.transcript.set_title(self._story.title)
        self.transcript.show(self._path[:1])
        self._say()
        self.set_interval(1 / FRAMES, lambda: self.forward(1 / FRAMES))

    @property
    def over(self) -> bool:
        """Whether all was told."""
        return self._at >= len(self._path)

    def forward(self, seconds: float) -> None:
        """Tell what is told in that time."""
        if self.over:
            return
        if self._rest > 0:
            self._rest -= seconds
            return
        node = self._path[self._at]
        if not self._shown:
            self.transcript.begin(node.action or Action(Mode.CONTINUE))
        self._shown += seconds * PACE
        if self._shown < len(node.text):
            if self.app.animation_level != "none":
                # Whole words: half of one would jump to the next line when it grows.
                self.transcript.set_draft(node.text[: int(self._shown)].rpartition(" ")[0])
            return
        self.transcript.add(node)
        self._at, self._shown, self._rest = self._at + 1, 0.0, REST
        self._say()

    def _say(self) -> None:
        last = len(self._path) - 1
        where = "The end of this path" if self.over else f"Replay · turn {self._at} of {last}"
        self.query_one("#replay-state", Static).update(line(f"{where} · any key goes back"))

    def on_key(self, event: Key) -> None:
        """Any key stops."""
        event.stop()
        self.dismiss(None)

    def on_click(self, event: Click) -> None:
        """And so does a click."""
        event.stop()
        self.dismiss(None)
