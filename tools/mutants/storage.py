"""Protections of the store: saves, locks, formats, faults, recovery."""

from __future__ import annotations

from tools.mutants.runner import Mutant

FILE = "dungeon/storage/story_file.py"
DATABASE = "dungeon/storage/database.py"
RECOVERY = "dungeon/storage/recovery.py"
FOUND = "dungeon/storage/found.py"

LOCK = ("tests/faults/test_kill.py", "-k", "accept_16")
NTH = ("tests/faults/test_nth.py",)
DISK = ("tests/faults/test_disk.py", "-k", "accept_15")
OLD = ("tests/unit/test_old_saves.py",)
NAMES = ("tests/unit/test_storage.py", "-k", "accept_10")
RECOVER = ("tests/unit/test_recovery.py", "-k", "not whatever and not hostile")
STATEFUL = ("tests/faults/test_stateful.py",)

MUTANTS = (
    Mutant(
        "10 a story that is deleted is still there",
        "dungeon/storage/library.py",
        "            path.unlink()\n            Path(f",
        "            Path(f",
        NAMES,
    ),
    Mutant(
        "09 only pages that say what they are are read",
        FOUND,
        "carved = list(_carved(pages))",
        "carved: list[Row] = []",
        RECOVER,
    ),
    Mutant(
        "09 a turn whose parent is lost is lost too",
        RECOVERY,
        "            before = bisect_left(ids, min(node.parent or node_id, node_id))\n"
        "            parent = ids[max(0, before - 1)]\n",
        "            continue\n",
        RECOVER,
    ),
    Mutant(
        "09 a crashed save is not rolled back before a recovery",
        RECOVERY,
        "    if not journal.exists():\n        return path.read_bytes()",
        "    if True:\n        return path.read_bytes()",
        RECOVER,
    ),
    Mutant(
        "09 a text that goes on in another page ends there",
        "dungeon/storage/pages.py",
        "while left > 0 and",
        "while left < 0 and",
        RECOVER,
    ),
    Mutant(
        "09 a record may be read without end",
        "dungeon/storage/pages.py",
        "if self._budget < 0 or not",
        "if not",
        ("tests/unit/test_recovery.py", "-k", "hostile"),
    ),
    Mutant(
        "09 a gap in the turns is no damage",
        "dungeon/storage/check.py",
        "if (low, high) != (0, count - 1):",
        "if False:",
        RECOVER,
    ),
    Mutant(
        "09 a damaged story is mended unasked",
        "dungeon/ui/screens/title.py",
        "self._ask_to_recover(save)",
        "self.post_message(self.RecoverChosen(save.path))",
        ("tests/ui/test_title.py", "-k", "accept_09"),
    ),
    Mutant(
        "10 a name is not looked for before it is taken",
        FILE,
        "while path.exists():",
        "while False:",
        NAMES,
    ),
    Mutant(
        "10 a finished file replaces what has its name",
        FILE,
        "        os.link(draft, path)\n        draft.unlink()",
        "        draft.replace(path)",
        NAMES,
    ),
    Mutant(
        "15 a failed save counts as saved",
        "dungeon/kept_story.py",
        "            self.saved = False\n            self.save_error = error",
        "            self.saved = True",
        DISK,
    ),
    Mutant(
        "15 what could not be saved counts as written",
        FILE,
        "            self._disconnect()\n            if isinstance(error, OverflowError)",
        "            self._disconnect()\n"
        "            self._holds(story, story.tree.changes_since().mark)\n"
        "            if isinstance(error, OverflowError)",
        DISK,
    ),
    Mutant(
        "15 an error of the disk is no error of ours",
        FILE,
        "except (sqlite3.Error, OSError, OverflowError, UnicodeDecodeError) as error:",
        "except (OverflowError, UnicodeDecodeError) as error:",
        DISK,
    ),
    Mutant(
        "16 the lock is asked for and not waited for",
        FILE,
        "        raise _locked(path) from None",
        "        return lock",
        LOCK,
    ),
    Mutant(
        "16 nobody says who has the story",
        FILE,
        "        pid = int(lock_path(path).read_text",
        "        pid = 0 * int(lock_path(path).read_text",
        LOCK,
    ),
    Mutant(
        "17 a format is changed without a backup",
        FILE,
        "            _back_up(self.path, version)\n",
        "",
        OLD,
    ),
    Mutant(
        "17 tables of an older format are not looked at",
        DATABASE,
        "if found != dict(TABLES if version == VERSION else FORMER_TABLES[version]):",
        "if version == VERSION and found != dict(TABLES):",
        ("tests/unit/test_storage.py", "-k", "trigger"),
    ),
    Mutant(
        "17 what an older format lacks is not filled in",
        DATABASE,
        'db.executemany("INSERT OR IGNORE INTO meta VALUES (?,?)", added.items())',
        "del added",
        OLD,
    ),
    Mutant(
        "17 a newer format is played",
        DATABASE,
        "    if version > VERSION:\n        raise",
        "    if version > 99:\n        raise",
        OLD,
    ),
    Mutant(
        "17 the format is what the first bytes say, journal or not",
        DATABASE,
        '(version,) = db.execute("PRAGMA user_version").fetchone()',
        "version = check_header(path)",
        OLD,
    ),
    Mutant(
        "17 a change of format is no transaction",
        DATABASE,
        '        if db.in_transaction:\n            db.execute("ROLLBACK")\n        raise',
        '        db.execute("COMMIT")\n        raise',
        OLD,
    ),
    Mutant(
        "33 a save is no transaction",
        FILE,
        '        if not db.in_transaction:\n            db.execute("BEGIN IMMEDIATE")\n'
        "        if not same:",
        "        if not same:",
        NTH,
    ),
    Mutant(
        "33 a lock file that stays breaks the way out",
        FILE,
        "        with suppress(OSError):\n            Path(lock.lock_file)",
        "        if True:\n            Path(lock.lock_file)",
        NTH,
    ),
    Mutant(
        "33 an export is written over the old one",
        "dungeon/files.py",
        "if mode is not None and not stat.S_ISREG(mode):",
        "if mode is not None:",
        NTH,
    ),
    Mutant(
        "17 the backup is swept away with its draft",
        FILE,
        '    draft = path.with_name(f".{path.name}.backup")',
        '    draft = path.with_name(f"{path.name}.format-{version}.bak")',
        OLD,
    ),
    Mutant(
        "36 redo goes to the newest turn",
        "dungeon/story/tree.py",
        "self._head = self._chosen.get(self._head, children[-1])",
        "self._head = children[-1]",
        STATEFUL,
    ),
    Mutant(
        "36 going to a turn leaves redo where it was",
        "dungeon/story/tree.py",
        "            if self._chosen.get(child.parent) != child.id:",
        "            if False:",
        STATEFUL,
    ),
    Mutant(
        "36 changed cards are not saved",
        FILE,
        "        if cards is not story.cards:",
        "        if not same:",
        STATEFUL,
    ),
)
