"""Error texts: they are in the classes of `holdfast.errors`, and in plain English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast import errors
from holdfast.errors import FieldError, HoldfastError
from holdfast.errors.models import MODEL_TEXTS, OTHER_MODEL_TEXT
from tidy.prose import avoided

PACKAGE = Path(__file__).parents[2] / "src" / "holdfast"
OTHERS = {"rush", "errors"}
"""The rush has errors of its own. `errors` contains the texts."""

FOR_ONE_FIELD = {"at", "in_field", "note", "note_duplicate", "fail"}
"""Methods that take the text of one field."""

MODEL_ERROR = "PydanticCustomError"
"""A function that takes a code and the text of one field, and makes a FieldError."""

SENTENCE = re.compile(r"\S+ .+", re.DOTALL)
MAX_WORDS = 25


def tree() -> list[type[HoldfastError]]:
    return [HoldfastError, *_below(HoldfastError)]


def _below(cls: type[HoldfastError]) -> Iterator[type[HoldfastError]]:
    for one in cls.__subclasses__():
        if one.__module__.startswith("holdfast.errors"):
            yield one
            yield from _below(one)


def texts_of(cls: type) -> dict[str, str]:
    named = {name: text for name, text in vars(cls).items() if isinstance(text, str)}
    return {name: text for name, text in named.items() if name in {"detail", "brief"} or name.isupper()}


TEXTS = [
    pytest.param(text, id=f"{cls.__name__}.{name}")
    for cls in [FieldError, *tree()]
    for name, text in texts_of(cls).items()
    if text
]


def _literals(source: str) -> Iterator[ast.Constant]:
    """Yield plain texts that a call passes in place of the default of the class."""
    names = set(errors.__all__)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and {ast.unparse(one).split(".")[-1] for one in node.bases} & names:
            names.add(node.name)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func).split(".")[-1]
            is_method = isinstance(node.func, ast.Attribute)
            for_one_field = called == MODEL_ERROR or (is_method and called in FOR_ONE_FIELD)
            if called not in names and not for_one_field:
                continue
            passed = [*node.args, *(one.value for one in node.keywords if one.arg == "detail")]
            plain = [one for one in passed if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            # The other arguments are the pointer and the code of the field, which have no spaces.
            yield from (one for one in plain if not for_one_field or SENTENCE.fullmatch(str(one.value)))


def test_a_text_without_facts_comes_from_its_class() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{text.lineno}: {text.value}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in OTHERS
        for text in _literals(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        'raise EventNotFound("There is no such event.")',
        'raise errors.Busy("The event is busy.") from None',
        'Busy(detail="The event is busy.")',
        'FieldError(pointer="/area", code="area_unknown", detail="No such area.")',
        'InvalidInput.in_field("/area", "too_many", "There are too many.")',
        'PydanticCustomError("wrong_format", "Must be an email address")',
        'class Mine(errors.HoldNotFound):\n    pass\nraise Mine("It is not yours.")',
    ],
)
def test_a_text_outside_its_class_is_found(source: str) -> None:
    assert len(list(_literals(source))) == 1


@pytest.mark.parametrize("text", [*TEXTS, *sorted({*MODEL_TEXTS.values(), OTHER_MODEL_TEXT})])
def test_a_text_is_plain_english(text: str) -> None:
    assert text.endswith((".", "…", "?"))
    assert all(len(sentence.split()) <= MAX_WORDS for sentence in re.split(r"(?<=\.)\s", text))
    assert list(avoided(text)) == []


SAYS_WHAT_TO_DO = re.compile(r"[:;,] \S|\bmust\b|\bcannot\b|required|\bonly\b|\. [A-Z]|\?$")
"""A demand, or a second half behind what is wrong: every text of the list was read for it."""

FACTS_ALONE = {
    *("BadRequest.CHUNK_WITHOUT_SIZE", "BadRequest.CHUNK_OVER_SIZE", "BadRequest.CHUNK_EXTENSIONS"),
    *(
        "BadRequest.CHUNK_LINE_END",
        "BadRequest.TRAILER_FORM",
        "BadRequest.LENGTH_WRONG",
        "BadRequest.HEAD_END",
    ),
    *(
        "BadRequest.EMPTY_LINES",
        "BadRequest.HOST_OF_TARGET",
        "BadRequest.TARGET_FORM",
        "BadRequest.CODING_IN_HTTP_1_0",
    ),
    *(
        "BadRequest.VERSION_UNKNOWN",
        "BadRequest.TARGET_STAR",
    ),  # for who writes a client of HTTP: they name the rule that is broken
    *("Malformed.detail", "Malformed.NOT_UTF_8", "Malformed.NUMBER_TOO_LARGE", "Malformed.NUMBER_TOO_LONG"),
    *("CredentialsRequired.SIGN_IN_WRONG", "EventNotFound.NOT_YET", "EventNotFound.NONE_SEATED"),
    *(
        "EventNotOnSale.detail",
        "EventNotOnSale.ENDED",
        "SeatTaken.brief",
        "SeatBlocked.brief",
        "SoldOut.brief",
    ),
    *(
        "NotTogether.brief",
        "SeatUnknown.brief",
        "SeatUnknown.LABEL",
        "AreaUnknown.detail",
        "AreaUnknown.brief",
    ),
    *("AreaUnknown.CATEGORY", "AreaUnknown.CATEGORY_BRIEF", "AreaUnknown.HAS", "QuantityOverLimit.LIVE"),
    "BuyerRequired.NO_EMAIL",
    *("StaffRefused.detail", "SecondFactorRequired.detail", "TokenRefused.TEXT", "ClientRefused.detail"),
}
"""Nothing can be done, or the facts around them say it: the names that exist, the times of sale, the pointer."""


@pytest.mark.parametrize("cls", [FieldError, *tree()], ids=lambda one: one.__name__)
def test_a_text_says_what_to_do(cls: type) -> None:
    """The kind: a text that only its author can act on. "There is no such event." was one, and so was "Nothing is
    left."; the texts of models are in tests/http/test_model_errors.py."""
    named = {f"{cls.__name__}.{name}": text for name, text in texts_of(cls).items() if text}
    assert {name for name, text in named.items() if not SAYS_WHAT_TO_DO.search(text)} <= FACTS_ALONE


def test_no_two_classes_have_the_same_default() -> None:
    defaults = [cls.__dict__["detail"] for cls in tree() if "detail" in cls.__dict__]
    assert sorted(defaults) == sorted(set(defaults))


@pytest.mark.parametrize("cls", [one for one in tree() if "code" in vars(one)], ids=lambda one: one.__name__)
def test_a_class_with_a_code_has_a_default(cls: type[HoldfastError]) -> None:
    assert "detail" in vars(cls)
    assert cls().detail == cls.detail
