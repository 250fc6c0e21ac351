"""Which engine the settings ask for; where the key may stand; that nothing is connected to."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from dungeon import cli, settings, settings_file
from dungeon.engine.remote import RemoteEngine
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import ModelError, SettingsError
from dungeon.models import engine_for
from tests.engine.protocol import serving

TOOLS = cli.Tools(engine_for, lambda settings: None, lambda args: 0)


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings.yaml"
    monkeypatch.setenv("DUNGEON_SETTINGS", str(path))
    monkeypatch.setenv("DUNGEON_SAVES", str(tmp_path / "saves"))
    for name in ("ENGINE", "URL", "REMOTE_KEY", "MODEL"):
        monkeypatch.delenv(f"DUNGEON_{name}", raising=False)
    return path


def test_a_server_is_asked_only_where_the_engine_is_remote(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(event: str, arguments: object) -> None:
        if watching and event in ("socket.connect", "socket.getaddrinfo"):
            tried.append(event)

    watching, tried = True, []
    sys.addaudithook(forbidden)
    monkeypatch.setenv("DUNGEON_URL", "http://localhost:9")
    assert isinstance(engine_for(settings.load(model="scripted")), ScriptedEngine)
    monkeypatch.setenv("DUNGEON_ENGINE", "remote")
    engine = engine_for(settings.load(model="scripted"))
    assert isinstance(engine, RemoteEngine)
    assert tried == []
    # That an attempt would have been seen:
    with pytest.raises(ModelError):
        engine_for(settings.load(url="http://127.0.0.1:9")).load(lambda line: None)
    assert tried
    watching = False


def test_a_remote_engine_needs_a_url() -> None:
    with pytest.raises(ModelError, match="no server to ask"):
        engine_for(settings.load(engine="remote"))


@pytest.mark.skipif(os.name != "posix", reason="files have no such bits there")
def test_a_key_in_a_file_that_others_can_read_is_refused(file: Path) -> None:
    file.write_text("remote_key: k-0451\n")
    file.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600") as told:
        settings.load()
    assert "k-0451" not in str(told.value)
    file.chmod(0o600)
    key = settings.load().remote_key
    assert key is not None
    assert key.get_secret_value() == "k-0451"


@pytest.mark.skipif(os.name != "posix", reason="files have no such bits there")
def test_a_file_with_a_key_stays_its_owners_when_it_is_changed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("remote_key: k-0451\n")
    file.chmod(0o600)
    drafts: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: drafts.append(os.fstat(fd).st_mode & 0o777))
    before = os.umask(0)
    try:
        settings_file.change("theme", "nord")
        settings_file.change("model", None)
    finally:
        os.umask(before)
    assert drafts == [0o600, 0o600]
    assert file.stat().st_mode & 0o777 == 0o600
    assert settings_file.read(file) == {"remote_key": "k-0451", "theme": "nord"}


def test_the_key_is_shown_nowhere(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DUNGEON_REMOTE_KEY", "k-0451")
    monkeypatch.setenv("DUNGEON_ENGINE", "remote")
    assert "k-0451" not in repr(settings.load())
    cli.run(["doctor", "--json"], TOOLS)
    told = capsys.readouterr().out
    assert json.loads(told)["settings"]["remote_key"] == "set"
    assert "k-0451" not in told


def test_url_alone_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.run(["--url", "http://localhost:9"], TOOLS)
    assert "--engine remote" in capsys.readouterr().err


def test_a_plain_game_is_told_by_a_server(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", iter_lines("look around\n", "/quit\n"))
    monkeypatch.setenv("DUNGEON_REMOTE_KEY", "k-0451")
    with serving(ScriptedEngine(), key="k-0451") as served:
        words = ["--engine", "remote", "--url", served.url, "play", "salt-road", "--plain"]
        assert cli.run(words, TOOLS) == 0
        assert served.bodies[-1]["prompt"].rstrip().endswith(("around.", "You"))
    told = capsys.readouterr()
    assert f"scripted at {served.url.removeprefix('http://')} is ready" in told.err
    assert "> You look around." in told.out
    for saved in Path(os.environ["DUNGEON_SAVES"]).iterdir():
        assert b"k-0451" not in saved.read_bytes()


def iter_lines(*lines: str) -> object:
    import io

    return io.StringIO("".join(lines))
