"""Mutants of the screen and the terminal: crashes, memory, odd text, privacy, the filter."""

from tools.mutants.runner import Mutant

TERMINAL = "tests/faults/test_terminal.py"
HOSTILE = "tests/faults/test_hostile_text.py"
ODD = "tests/ui/test_odd_text.py"
ON_SCREEN = "tests/engine/test_on_the_screen.py"
FILTER = ("tests/unit/test_filter.py", "-k", "accept_35")
ENGINE = "dungeon/engine/torch_engine/"

MUTANTS = (
    Mutant(
        "01 a toast reads markup",
        "dungeon/ui/app.py",
        "title=clean(title), markup=False",
        "title=clean(title), markup=markup",
        (ODD, "-k", "toast"),
    ),
    Mutant(
        "07 a crash exits as if all were well",
        "dungeon/ui/ending.py",
        "code = self._app.return_code or 0\n        if self.error is not None:\n"
        "            self._apologize()\n            code = 1",
        "code = 0\n        if self.error is not None:\n            self._apologize()",
        (TERMINAL, "-k", "accept_07"),
    ),
    Mutant(
        "07 a thread's exception is Python's own",
        "dungeon/ui/ending.py",
        "threading.excepthook = self._thread_crashed",
        "pass",
        (TERMINAL, "-k", "accept_07 and thread"),
    ),
    Mutant(
        "07 the traceback is printed, values and all",
        "dungeon/ui/app.py",
        "self._close_messages_no_wait()",
        "super()._fatal_error()",
        (TERMINAL, "-k", "accept_07 and handler"),
    ),
    Mutant(
        "07 the log's path is not told",
        "dungeon/ui/ending.py",
        'lines.append(f"The details are in {self._log_file}.")',
        "pass",
        (TERMINAL, "-k", "accept_07 and handler"),
    ),
    Mutant(
        "08 the screen does not say that there is no narrator",
        "dungeon/ui/app.py",
        '                "The narrator could not be loaded",\n',
        '                "",\n',
        ("tests/engine/test_privacy.py", "-k", "accept_08"),
    ),
    Mutant(
        "12 the prompt is read to its end whatever the player does",
        ENGINE + "decode.py",
        "            if cancel.cancelled:\n                return None",
        "            if False:\n                return None",
        ("tests/engine/test_torch_engine.py", "-k", "accept_12"),
    ),
    Mutant(
        "12 a turn is written to its end whatever the player does",
        ENGINE + "telling.py",
        "while not cancelled and len(draft.tokens) < longest:",
        "while len(draft.tokens) < longest:",
        (ON_SCREEN, "-k", "accept_12 and one-decode"),
    ),
    Mutant(
        "14 every turn stays laid out",
        "dungeon/ui/widgets/transcript.py",
        "if following and len(self._starts) > 4 * PAGE:",
        "if False:",
        ("tests/ui/test_soak.py",),
    ),
    Mutant(
        "23 numbers that are none are drawn from",
        ENGINE + "sampling.py",
        "if not np.isfinite(logits.numpy()).all():",
        "if False:",
        (ON_SCREEN, "-k", "accept_23 and number"),
    ),
    Mutant(
        "23 nothing smaller is tried",
        ENGINE + "__init__.py",
        "smaller = smaller or work",
        "smaller = work",
        (ON_SCREEN, "-k", "accept_23 and four"),
    ),
    Mutant(
        "23 the graphics card keeps the model",
        ENGINE + "__init__.py",
        '        self._place("cpu")\n        try:',
        "        try:",
        ("tests/engine/test_torch_engine.py", "-k", "accept_23 and processor"),
    ),
    Mutant(
        "23 going on with less is not said",
        "dungeon/ui/screens/story.py",
        'if self._engine is not None and self.phase != "loading":\n            self.notify(',
        "if False:\n            self.notify(",
        (ON_SCREEN, "-k", "accept_23 and four"),
    ),
    Mutant(
        "25 characters are counted, not cells",
        "dungeon/ui/wrap.py",
        "measure = cell_len",
        "measure = len",
        ("tests/ui/test_wrap.py", ODD, "-k", "accept_25 or line"),
    ),
    Mutant(
        "25 any number of marks is drawn",
        "dungeon/text.py",
        "text = _MARKED.sub(lambda match: _fewer_marks(match[0]), text)",
        "pass",
        ("tests/unit/test_text.py",),
    ),
    Mutant(
        "25 a pasted megabyte is cleaned whole",
        "dungeon/ui/widgets/line_input.py",
        "event.text[: 4 * limit]",
        "event.text * 60",
        (ODD, "-k", "huge_paste"),
    ),
    Mutant(
        "26 sequences lose their escape and no more",
        "dungeon/text.py",
        '        text = _ESCAPES.sub("", text)\n',
        "",
        ("tests/unit/test_text.py",),
    ),
    Mutant(
        "26 there is no net behind the widgets",
        "dungeon/ui/app.py",
        "[*super().get_line_filters(), self._harmless]",
        "super().get_line_filters()",
        (ODD, "-k", "accept_26"),
    ),
    Mutant(
        "26 wrong usage is quoted as it was typed",
        "dungeon/cli/common.py",
        "super()._print_message(clean(message), file)",
        "super()._print_message(message, file)",
        (HOSTILE, "-k", "command_line"),
    ),
    Mutant(
        "26 errors are told as they are",
        "dungeon/cli/common.py",
        "print(clean(text), end=end, file=sys.stderr, flush=True)",
        "print(text, end=end, file=sys.stderr, flush=True)",
        (HOSTILE, "-k", "command_line"),
    ),
    Mutant(
        "26 the plain game tells what it is given",
        "dungeon/plain.py",
        'self.story.write(clean(text) + "\\n\\n")',
        'self.story.write(text + "\\n\\n")',
        ("tests/unit/test_plain.py", "tests/ui/test_markup.py", "-k", "26 or sanitiser"),
    ),
    Mutant(
        "27 what turns the reading direction stays",
        "dungeon/text.py",
        "\\u202a-\\u202e",
        "",
        (ODD, "-k", "accept_27"),
    ),
    Mutant(
        "34 the hub is asked before the player is",
        "dungeon/engine/fetch.py",
        "agree(preferred) and hub_answers()",
        "hub_answers() and agree(preferred)",
        ("tests/unit/test_fetch.py", "-k", "accept_34"),
    ),
    Mutant(
        "34 the log quotes what an error says",
        "dungeon/ui/background.py",
        "{at if isinstance(at, DungeonError) else '...'}",
        "{at}",
        (TERMINAL, "-k", "accept_07 and handler"),
    ),
    Mutant(
        "35 a hit is told",
        "dungeon/turn.py",
        'return "" if turn.words is not None and turn.words.find(text) else text',
        "return text",
        FILTER,
    ),
    Mutant(
        "35 a hit is seen while it is written",
        "dungeon/turn.py",
        "return shown if turn.words is None else turn.words.before(shown)",
        "return shown",
        FILTER,
    ),
    Mutant(
        "35 parts of words count",
        "dungeon/story/filter.py",
        "_BEFORE if before else ''",
        "'' if before else ''",
        FILTER,
    ),
    Mutant(
        "35 the filter is on from the start",
        "dungeon/settings.py",
        "word_filter: bool = False",
        "word_filter: bool = True",
        FILTER,
    ),
    Mutant(
        "35 a rating limits nothing",
        "dungeon/story/scenario.py",
        "return RATINGS.index(scenario.rating) <= RATINGS.index(highest)",
        "return True",
        FILTER,
    ),
    Mutant(
        "36 a list may be of no width",
        "dungeon/ui/dungeon.tcss",
        "OptionList { min-width: 10; }",
        "",
        ("tests/ui/test_title.py", "-k", "width"),
    ),
)
