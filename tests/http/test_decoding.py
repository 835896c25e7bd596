"""Decoding: unparsable bodies are 400, forbidden values are 422 with a pointer."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import InvalidInput, Malformed
from holdfast.http.decoding import MAX_ARRAY_ITEMS, MAX_DEPTH, decode

MALFORMED = {
    "empty": b"",
    "white space only": b"  \n",
    "not JSON": b"event=7",
    "truncated": b'{"event": 7',
    "trailing garbage": b'{"event": 7} x',
    "two values": b"{}{}",
    "single quotes": b"{'event': 7}",
    "trailing comma": b'{"event": 7,}',
    "comment": b'{"event": 7 /* seven */}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"event": 7}'.encode("utf-16"),
    "invalid UTF-8": b'{"name": "\xff"}',
    "overlong UTF-8": b'{"name": "\xc0\xaf"}',
    "encoded surrogate": b'{"name": "\xed\xa0\x80"}',
    "raw control character": b'{"name": "a\x00b"}',
    "raw line break in a string": b'{"name": "a\nb"}',
    "NaN": b'{"quantity": NaN}',
    "Infinity": b'{"quantity": Infinity}',
    "-Infinity": b'{"quantity": -Infinity}',
    "1e400": b'{"quantity": 1e400}',
    "-1e400": b'{"quantity": -1e400}',
    "5,000 digits": b'{"quantity": ' + b"9" * 5_000 + b"}",
    "leading zero": b'{"quantity": 01}',
    "plus sign": b'{"quantity": +1}',
    "hexadecimal": b'{"quantity": 0x1}',
    "the same key twice": b'{"quantity": 1, "quantity": 9}',
    "the same key twice, escaped": b'{"quantity": 1, "quantit\\u0079": 9}',
    "the same key twice, deep": b'{"lines": [{"a": 1, "a": 1}]}',
    "too deep arrays": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "too deep objects": b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
    "too deep, with brackets in strings": b'["}]"' + b",[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 2),
    "very deep": b"[" * 30_000,
    "very deep and closed": b"[" * 30_000 + b"]" * 30_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_unparsable_bodies_are_malformed(body: bytes):
    with pytest.raises(Malformed):
        decode(body)


NOT_ALLOWED = {
    "NUL": (b'{"name": "a\\u0000b"}', "/name", "invalid_character"),
    "high surrogate alone": (b'{"lines": [{"name": "\\ud800"}]}', "/lines/0/name", "invalid_character"),
    "low surrogate alone": (b'["\\udc00"]', "/0", "invalid_character"),
    "surrogates the wrong way round": (b'["\\ude00\\ud83d"]', "/0", "invalid_character"),
    "NUL in a key": (b'{"a": {"\\u0000": 1}}', "/a", "invalid_character"),
    "2^63": (b'{"quantity": 9223372036854775808}', "/quantity", "out_of_range"),
    "-2^63 - 1": (b'{"quantity": -9223372036854775809}', "/quantity", "out_of_range"),
    "10^30": (b'{"quantity": 1' + b"0" * 30 + b"}", "/quantity", "out_of_range"),
    "too many items": (json.dumps({"seats": [1] * 1_001}).encode(), "/seats", "too_many_items"),
    "a pointer with escapes": (b'{"a/b~c": "\\u0000"}', "/a~1b~0c", "invalid_character"),
}


@pytest.mark.parametrize(("body", "pointer", "code"), NOT_ALLOWED.values(), ids=NOT_ALLOWED.keys())
def test_forbidden_values_are_invalid_with_a_pointer(body: bytes, pointer: str, code: str):
    with pytest.raises(InvalidInput) as refused:
        decode(body)
    assert [(one.pointer, one.code) for one in refused.value.errors] == [(pointer, code)]


def test_several_wrong_values_are_listed_in_order():
    with pytest.raises(InvalidInput) as refused:
        decode(b'{"a": "\\u0000", "b": [1, "\\u0000"], "c": 99999999999999999999}')
    assert [one.pointer for one in refused.value.errors] == ["/a", "/b/1", "/c"]


ALLOWED: dict[str, tuple[bytes, Any]] = {
    "a whole pair of surrogates": (b'["\\ud83c\\udfab"]', ["\U0001f3ab"]),
    "the largest 64-bit number": (b"[9223372036854775807]", [2**63 - 1]),
    "the smallest 64-bit number": (b"[-9223372036854775808]", [-(2**63)]),
    "the deepest nesting": (
        b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
        json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH),
    ),
    "many brackets side by side": (b"[" + b",".join([b"[]"] * 200) + b"]", [[]] * 200),
    "brackets in strings": (b'["' + b"[{" * 100 + b'"]', ["[{" * 100]),
    "as many items as allowed": (json.dumps([0] * MAX_ARRAY_ITEMS).encode(), [0] * MAX_ARRAY_ITEMS),
    "an escaped u": (b'["\\\\u0000"]', ["\\u0000"]),
    "a scalar": (b"7", 7),
    "white space around": (b' \r\n\t{"a" : 1 } \n', {"a": 1}),
}


@pytest.mark.parametrize(("body", "value"), ALLOWED.values(), ids=ALLOWED.keys())
def test_allowed_bodies_are_decoded_unchanged(body: bytes, value: Any):
    assert decode(body) == value


def test_a_seat_map_may_only_have_more_items():
    assert len(decode(json.dumps(["A"] * 20_000).encode(), large_arrays=True)) == 20_000
    with pytest.raises(InvalidInput):
        decode(json.dumps(["A"] * 20_000 + ["\0"]).encode(), large_arrays=True)
    with pytest.raises(Malformed):
        decode(b"[" * 40 + b"]" * 40, large_arrays=True)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@given(value=values, ascii_only=st.booleans())
def test_every_allowed_value_survives(value: Any, ascii_only: bool):
    assert decode(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(body=st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(body: bytes):
    with contextlib.suppress(Malformed, InvalidInput):
        decode(body)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"quantity": 1, "quantity": 9}', "`quantity`"),
        (b'{"lines": [{"a": 1}, {"b": 1, "b": {}}]}', "`lines/1/b`"),
        (b'[{"a~/b": 1, "a~/b": 1}]', "`0/a~/b`"),
        (b'{"' + b"x" * 500 + b'": 1, "' + b"x" * 500 + b'": 2}', f"`{'x' * 100}`"),
    ],
)
def test_a_name_given_twice_is_named_with_its_place(body: bytes, place: str):
    with pytest.raises(Malformed) as refused:
        decode(body)
    assert refused.value.detail == f"The body has the name {place} twice in one object: give it once."
