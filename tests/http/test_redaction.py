"""Redaction: no secret of any kind stays in a text that is logged."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from holdfast.http.redaction import named_path, redact

SECRET = "qW3_-rT9" * 5


@pytest.mark.parametrize(
    "secret",
    [
        f"hfh_7_{SECRET}",
        f"hfk_shop_{SECRET}",
        f"hfs_{SECRET}",
        f"hfr_{SECRET}",
        f"hfl_{SECRET}",
        f"whsec_{SECRET}",
        f"eyJhbGciOiJFZERTQSJ9.eyJ{SECRET}.{SECRET}",
        f"Bearer {SECRET}",
        f"hold {SECRET}",
    ],
)
def test_a_secret_leaves_a_text(secret: str) -> None:
    for text in (secret, f"/v1/holds/{secret}", f"got {secret} and more", f'{{"a":"{secret}"}}'):
        assert SECRET not in redact(text)
        assert SECRET not in named_path(text)


def test_the_code_of_a_ticket_leaves_a_text_in_any_spelling() -> None:
    code = "HF1LOH-1Q000700A$04/NWJO340G0P1121 0000000088EC5S-0VAETMW6Q5PQ9RYCJB59JCWCOOL%6$ISDNK8RH:0PKGQH.RZ14HM4"
    for spelt in (code, quote(code), quote(code, safe=""), quote(code, safe="").replace("%2F", "%2f")):
        for text in (spelt, f"/x/{spelt}", f"got {spelt} and more"):
            assert "EC5S" not in redact(text)
            assert "0PKGQH" not in redact(text)


def test_other_texts_stay() -> None:
    for text in (
        "/v1/holds/00000000-1c9b-8d4f-9b10-51c2d7e0a4b3",
        "keys and holds",
        "hobby",
        "eye",
        "HF1",
        "HF1 7",
    ):
        assert redact(text) == text
