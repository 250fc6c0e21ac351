"""`dungeon doctor`: says how things stand, and nothing of any story."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dungeon import cli
from dungeon.engine.scripted import ScriptedEngine
from dungeon.engine.torch_engine import kernels
from dungeon.engine.torch_engine.kernels import Verdict
from dungeon.session import GameSession
from dungeon.story.scenario import Scenario
from tests.faults.works import TOOLS

ROOT = Path(__file__).parents[2]
SECRETS = ("Secret Affair", "secret-affair", "hidden lover", "Count Orlo", "whisper")


@pytest.fixture
def saves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a story whose every text is nobody's business."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DUNGEON_SETTINGS", str(tmp_path / "settings.yaml"))
    folder = tmp_path / "stories"
    scenario = Scenario(title="Count Orlo", opening="A hidden lover.", memory="whisper")
    session = GameSession.new(scenario, ScriptedEngine(), saves=folder, title="Secret Affair")
    session.close()
    return folder


def doctor(saves: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    command = ("--model", "scripted", "doctor", "--saves", str(saves), *words)
    code = cli.run(command, TOOLS)
    out, err = capsys.readouterr()
    assert not err
    for secret in SECRETS:
        assert secret not in out
    assert str(saves.parent) not in out
    return code, out


def test_all_is_well(saves: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = doctor(saves, capsys)
    assert code == 0, out
    for part in ("dungeon ", "python ", "sqlite ", "torch ", "textual ", "numba ",
                 "settings.yaml", "~/stories", "1 sound, 0 not", "free space",
                 "Nothing is wrong."):  # fmt: skip
        assert part in out, part


def test_a_damaged_story_is_counted_and_not_named(
    saves: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = saves.glob("*.dungeon")
    data = bytearray(path.read_bytes())
    data[4096:8192] = bytes(4096)
    path.write_bytes(data)
    code, out = doctor(saves, capsys)
    assert code == 1
    assert "0 sound, 1 not" in out
    assert "! See `dungeon saves --check`." in out
    code, out = doctor(saves, capsys, "--json")
    data_out = json.loads(out)
    assert code == 1
    assert data_out["stories"]["files"] == "0 sound, 1 not"
    assert data_out["problems"] == ["files: See `dungeon saves --check`."]


def test_broken_settings_are_told_without_what_is_in_them(
    saves: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (saves.parent / "settings.yaml").write_text("model: [Secret Affair]\n")
    code = cli.run(("doctor", "--saves", str(saves)), TOOLS)
    out, err = capsys.readouterr()
    assert code == 1
    assert "The settings cannot be used" in out
    assert "Secret" not in out + err


def test_a_folder_that_is_none_and_no_model(
    saves: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUNGEON_MODELS", str(saves / "none"))
    monkeypatch.setenv("HF_HOME", str(saves / "none"))
    blocked = saves.parent / "file"
    blocked.write_text("in the way")
    assert cli.run(("doctor", "--saves", str(blocked)), TOOLS) == 1
    out = capsys.readouterr().out
    assert "cannot be used" in out
    assert "none that can be used" in out
    assert "dungeon models pull" in out


def test_the_kernels_in_use_are_told_and_why(
    saves: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUNGEON_MODELS", str(saves / "none"))
    words = ("doctor", "--saves", str(saves))
    cli.run(words, TOOLS)
    assert "not yet: the first story told on this processor does that" in capsys.readouterr().out
    verdicts = {"int8": Verdict(True, 9.0), "bf16": Verdict(False, 0.52, "noisy")}
    kernels.choose(lambda: verdicts)
    cli.run((*words, "--json"), TOOLS)
    told = json.loads(capsys.readouterr().out)["kernels"]
    assert told == {
        "writing": "int8: int8 measured 9 times as fast as float32",
        "reading": "float32 for now: bf16 measured 0.52 times as fast as float32, but on a busy "
        "machine; a later start measures again",
        "measured on": kernels.depends_on(),
    }
    # Neither needs any.
    for other in ("scripted", "remote"):
        model = ("--model", "scripted") if other == "scripted" else ("--engine", "remote")
        cli.run((*model, *words), TOOLS)
        assert "kernels" not in capsys.readouterr().out


def test_nothing_heavy_is_imported_and_a_poor_terminal_is_told(saves: Path) -> None:
    code = (
        "import sys\nfrom dungeon import cli\nfrom tests.faults.works import TOOLS\n"
        f"code = cli.run(['--model', 'scripted', 'doctor', '--saves', {str(saves)!r}], TOOLS)\n"
        "heavy = {'torch', 'transformers', 'textual', 'numba'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy), 'code:', code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "latin-1", "TERM": "dumb"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "heavy: [] code: 1" in done.stdout, done.stdout + done.stderr
    assert "Text will be garbled" in done.stdout
    assert "TERM           dumb" in done.stdout
