"""JSON from strangers: what is refused, and that nothing in it acts on a terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon import plain_json
from dungeon.text import clean


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("NaN", "the number NaN"),
        ("[Infinity]", "the number Infinity"),
        ('{"a": -Infinity}', "the number -Infinity"),
        ("1e999", "too large"),
        ("-1e999", "too large"),
        ("9" * 5000, "too large"),
        (str(2**63), "too large"),
        ('{"a": 1, "a": 2}', "the key 'a' twice"),
        ('[{"b": {"a\\u001b": 1, "a\\u001b": 2}}]', "the key 'a' twice"),
        ('"\\ud800"', "half a surrogate pair"),
        ('{"\\udc00": 1}', "half a surrogate pair"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("[" + "0," * 2_000_001 + "0]", "too many items"),
        ('{"a": 1', "line 1, column 8"),
        (b"\xff", "not UTF-8"),
        (b"\xff\xfe{\0}\0", "not UTF-8"),
        ("", "not JSON"),
        ("01", "not JSON"),
        ("'a'", "not JSON"),
    ],
)
def test_accept_31_json_made_to_hurt_is_refused(text: str | bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        plain_json.loads(text)
    assert len(str(refused.value)) < 120
    assert str(refused.value) == clean(str(refused.value))


def test_what_acts_on_a_terminal_is_gone() -> None:
    text = '\ufeff{"a\\u001b]0;t\\u0007": ["\\u202eb", {"c": "\\u009b2J"}], "d": "\\ud83d\\ude00"}'
    assert plain_json.loads(text) == {"a": ["b", {"c": ""}], "d": "😀"}
    assert plain_json.loads(text.encode()) == plain_json.loads(text)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20).map(clean),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5).map(clean), inner)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_what_is_written_is_read_again(data: object) -> None:
    for indent in (None, 1):
        text = plain_json.dump(data, indent=indent)
        assert plain_json.loads(text) == data
        assert json.loads(text) == data
