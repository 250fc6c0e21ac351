"""Takes protections out one at a time and demands that a test notices.

    python tools/mutants.py [NAME...]

Each mutant is made in a copy of the project; the named tests must fail there. Exits with the
number of mutants that nobody noticed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Mutant:
    """A protection taken out.

    Attributes:
        name: The row of the acceptance list, and what is missing.
        file: Where the protection is.
        old, new: What it is, and what stands there instead.
        tests: Arguments of pytest that select who must notice.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "01 text goes to widgets as markup",
        "dungeon/ui/shown.py",
        "content = Content(clean(text))",
        "content = Content.from_markup(clean(text))",
        ("tests/ui/test_brackets.py",),
    ),
    Mutant(
        "02 the window of history never moves",
        "dungeon/story/context.py",
        "if fold.total + extra <= share:",
        "if True:",
        ("tests/unit/test_context.py", "-k", "accept_02"),
    ),
    Mutant(
        "02 the engine accepts any length",
        "dungeon/story/context.py",
        "limit = shape.n_positions - new",
        "limit = shape.n_positions",
        ("tests/unit/test_context.py", "-k", "accept_02"),
    ),
    Mutant(
        "03 a save returns before its transaction is over",
        "dungeon/storage/story_file.py",
        'db.execute("COMMIT")\n        return changes.mark',
        "return changes.mark",
        ("tests/faults/test_kill.py",),
    ),
    Mutant(
        "03 a journal left by a kill is not handled",
        "dungeon/storage/database.py",
        '("SQLITE_READONLY_ROLLBACK", "SQLITE_CANTOPEN")',
        '("SQLITE_CANTOPEN",)',
        ("tests/faults/test_kill.py",),
    ),
    Mutant(
        "04 the screen has no signal handlers",
        "dungeon/ui/ending.py",
        'for name in ("SIGTERM", "SIGHUP", "SIGINT") if',
        "for name in () if",
        ("tests/faults/test_terminal.py", "-k", "accept_04"),
    ),
    Mutant(
        "04 the plain game has no signal handlers",
        "dungeon/plain.py",
        'for name in ("SIGINT", "SIGTERM", "SIGHUP") if',
        "for name in () if",
        ("tests/unit/test_plain.py", "-k", "accept_04"),
    ),
    Mutant(
        "08 no model is not noticed",
        "dungeon/models.py",
        "    if here is None:\n        raise",
        "    if here is None and model:\n        raise",
        ("tests/unit/test_models.py", "-k", "accept_08"),
    ),
    Mutant(
        "10 a story's file is named by its title alone",
        "dungeon/storage/names.py",
        "-{short_id()}{SUFFIX}",
        "{SUFFIX}",
        ("tests/unit/test_session.py", "-k", "accept_10"),
    ),
    Mutant(
        "10 deleting does not look at the lock",
        "dungeon/storage/library.py",
        "with locked(path.parent.resolve() / path.name):",
        "if True:",
        ("tests/unit/test_storage.py", "-k", "accept_10"),
    ),
    Mutant(
        "11 what redo goes to is not saved",
        "dungeon/storage/rows.py",
        '"INSERT OR REPLACE INTO chosen VALUES (?,?)", changes.chosen.items()',
        '"INSERT OR REPLACE INTO chosen VALUES (?,?)", ()',
        ("tests/unit/test_session.py", "tests/unit/test_storage.py", "-k", "accept_11"),
    ),
    Mutant(
        "11 a retry takes the old turn's place",
        "dungeon/session.py",
        "        self.story.tree.add(node)\n        self.story.model",
        "        self.story.tree.undo()\n"
        "        self.story.tree.add(node)\n        self.story.model",
        ("tests/unit/test_session.py", "-k", "accept_11 or retry"),
    ),
    Mutant(
        "12 a cancelled turn is tried again",
        "dungeon/turn.py",
        'if text or finished.stop == "cancelled":',
        "if text:",
        ("tests/unit/test_session.py", "-k", "accept_12"),
    ),
    Mutant(
        "12 a half sentence is kept",
        "dungeon/story/narrative.py",
        '        return "".join(pieces[:-1]).rstrip()\n    return _end(text)',
        "        return text.rstrip()\n    return _end(text)",
        ("tests/unit/test_session.py", "-k", "accept_12"),
    ),
    Mutant(
        "13 an empty answer is tried for ever",
        "dungeon/turn.py",
        "MAX_ATTEMPTS = 4",
        "MAX_ATTEMPTS = 60",
        ("tests/unit/test_session.py", "-k", "accept_13"),
    ),
    Mutant(
        "13 an empty answer becomes a turn",
        "dungeon/turn.py",
        'if text or finished.stop == "cancelled":',
        "if True:",
        ("tests/unit/test_session.py", "tests/ui/test_turns.py", "-k", "accept_13"),
    ),
    Mutant(
        "13 a phrase for ever is told for ever",
        "dungeon/story/narrative.py",
        "        if key in known and key.count",
        "        if False and key.count",
        ("tests/unit/test_session.py", "-k", "accept_13"),
    ),
)


def noticed(mutant: Mutant, copy: Path) -> bool:
    """Whether the tests fail with the mutant in place; the copy is put right again."""
    path = copy / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise SystemExit(f"{mutant.name}: the protection is not where it was, in {mutant.file}")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        result = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", *mutant.tests],
            cwd=copy,
            capture_output=True,
            check=False,
            env={**_environment(), "PYTHONPATH": str(copy), "DUNGEON_KILL_RUNS": "60"},
            timeout=120,
        )
    except subprocess.TimeoutExpired:
        # Without its protection the program hangs: nobody could overlook that.
        return True
    finally:
        path.write_text(text, encoding="utf-8")
    # 1 is failed tests; anything else (none selected, wrong usage) is no notice.
    return result.returncode == 1


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def main(names: list[str]) -> int:
    """Try the mutants whose names begin with one of `names`; all by default."""
    chosen = [m for m in MUTANTS if not names or m.name.startswith(tuple(names))]
    missed = 0
    with tempfile.TemporaryDirectory(prefix="dungeon-mutants-") as folder:
        copy = Path(folder) / "dungeon"
        ignore = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "saves")
        shutil.copytree(ROOT, copy, ignore=ignore)
        (copy / "saves").mkdir()
        for mutant in chosen:
            seen = noticed(mutant, copy)
            missed += not seen
            print(f"{'noticed' if seen else 'NOT NOTICED':12} {mutant.name}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
