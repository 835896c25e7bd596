"""Tokens in the proof: what looks random, what is a wrong token, and where a token is found."""

from __future__ import annotations

import random
import secrets
from pathlib import Path

import pytest

from proof.tokens import doubts, leaks, wrong_tokens

GOOD = [f"hfh_7_{secrets.token_urlsafe(32)}" for _ in range(500)]


def test_random_tokens_raise_no_doubts() -> None:
    assert doubts(GOOD) == []


@pytest.mark.parametrize(
    "tokens",
    [
        [*GOOD, GOOD[0]],
        ["hfh_7_" + "A" * 20],
        [one[:30] + "A" * 19 for one in GOOD],
        [one.replace("x", "y") for one in GOOD],
    ],
    ids=["repeated", "short", "half of the bits", "one letter missing"],
)
def test_tokens_that_are_not_random_are_accused(tokens: list[str]) -> None:
    assert doubts(tokens)


def test_a_wrong_token_is_never_the_right_one() -> None:
    for _ in range(200):
        wrong = list(wrong_tokens(GOOD[0], GOOD[1], random.Random(secrets.randbits(64))))
        assert len(wrong) == 6
        assert GOOD[0] not in wrong


@pytest.mark.parametrize(
    "form",
    [b"%s", b"Hold-Token: %s\r\n", b'{"a":"%s"}', b"\x00\x01%s\xff", b"x_%s-"],
    ids=["alone", "header", "json", "binary", "within letters"],
)
def test_a_token_is_found_wherever_it_stands(tmp_path: Path, form: bytes) -> None:
    for name, secret in (("whole", GOOD[3]), ("bare", GOOD[3][-43:]), ("none", "hfh_7_" + "B" * 43)):
        (tmp_path / name).write_bytes(b"before " + form % secret.encode() + b" after")
    (tmp_path / "folder").mkdir()
    assert sorted(leaks(GOOD, tmp_path.iterdir())) == ["bare", "whole"]
