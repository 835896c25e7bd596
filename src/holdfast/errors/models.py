"""Model texts: what each way to fail a model means for the person who wrote the request.

The keys are Pydantic's types of errors. Braces are filled with the field, the limits of the model, and what was found.
No text of Pydantic reaches a caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["MODEL_TEXTS", "OTHER_MODEL_TEXT", "text_of_model_error"]

_OBJECT = "{field} must be an object; it is {found}."
_ARRAY = "{field} must be an array; it is {found}."
_STRING = "{field} must be a string; it is {found}."
_INTEGER = "{field} must be an integer; it is {found}."
_NUMBER = "{field} must be a number; it is {found}."
_SWITCH = "{field} must be true or false; it is {found}."
_REQUIRED = "{field} is required."
_DATE = "{field} must be a date, such as 2027-05-01; it is {found}."
_CLOCK = "{field} must be a time of day, such as 19:30:00; it is {found}."
_TIME = "{field} must be a date and time with an offset, such as 2027-05-01T19:30:00Z; it is {found}."
_DURATION = "{field} must be a duration, such as PT30M; it is {found}."
_UUID = "{field} must be a UUID, such as 0192d3a8-7c1e-7b54-9f0a-3c5d7e9b1f24; it is {found}."
_URL = "{field} must be an absolute URL, such as https://example.org; it is {found}."
_CHOICE = "{field} must be {expected}; it is {found}."

MODEL_TEXTS = {
    "missing": _REQUIRED,
    "missing_argument": _REQUIRED,
    "missing_keyword_only_argument": _REQUIRED,
    "missing_positional_only_argument": _REQUIRED,
    "union_tag_not_found": "{field} needs {discriminator}.",
    "union_tag_invalid": "{field} must have one of {expected_tags} in {discriminator}.",
    "string_type": _STRING,
    "string_sub_type": _STRING,
    "string_unicode": _STRING,
    "string_too_short": "{field} must have {min_length} characters or more; it has {length}.",
    "string_too_long": "{field} must have at most {max_length} characters; it has {length}.",
    "string_not_ascii": "{field} must have only ASCII characters.",
    "string_pattern_mismatch": "{field} must match the pattern {pattern}.",
    "bytes_type": _STRING,
    "bytes_too_short": "{field} must have {min_length} bytes or more.",
    "bytes_too_long": "{field} must have at most {max_length} bytes.",
    "bytes_invalid_encoding": "{field} must be encoded as {encoding}.",
    "int_type": _INTEGER,
    "int_parsing": _INTEGER,
    "int_from_float": _INTEGER,
    "int_parsing_size": "{field} must be an integer of 64 bits.",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "fraction_type": _NUMBER,
    "fraction_parsing": _NUMBER,
    "complex_type": _NUMBER,
    "complex_str_parsing": _NUMBER,
    "finite_number": "{field} must be a finite number.",
    "decimal_max_digits": "{field} must have at most {max_digits} digits.",
    "decimal_max_places": "{field} must have at most {decimal_places} decimal places.",
    "decimal_whole_digits": "{field} must have at most {whole_digits} digits before the decimal point.",
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "greater_than": "{field} must be greater than {gt}; it is {found}.",
    "greater_than_equal": "{field} must be {ge} or more; it is {found}.",
    "less_than": "{field} must be less than {lt}; it is {found}.",
    "less_than_equal": "{field} must be at most {le}; it is {found}.",
    "multiple_of": "{field} must be a multiple of {multiple_of}; it is {found}.",
    "too_short": "{field} must have {min_length} or more items; it has {actual_length}.",
    "too_long": "{field} must have at most {max_length} items; it has {length}.",
    "literal_error": _CHOICE,
    "enum": _CHOICE,
    "none_required": "{field} must be null; it is {found}.",
    "missing_sentinel_error": "{field} must be absent.",
    "list_type": _ARRAY,
    "deque_type": _ARRAY,
    "tuple_type": _ARRAY,
    "set_type": _ARRAY,
    "frozen_set_type": _ARRAY,
    "iterable_type": _ARRAY,
    "dict_type": _OBJECT,
    "frozen_dict_type": _OBJECT,
    "ordered_dict_type": _OBJECT,
    "counter_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "dataclass_exact_type": _OBJECT,
    "named_tuple_type": _OBJECT,
    "arguments_type": _OBJECT,
    "invalid_key": "{field} must have texts as keys.",
    "json_type": "{field} must be a string of JSON; it is {found}.",
    "json_invalid": "{field} must be valid JSON.",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "date_past": "{field} must be in the past.",
    "date_future": "{field} must be in the future.",
    "time_type": _CLOCK,
    "time_parsing": _CLOCK,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_past": "{field} must be in the past.",
    "datetime_future": "{field} must be in the future.",
    "timezone_naive": "{field} must have no offset.",
    "timezone_aware": "{field} must have an offset, such as Z or +02:00.",
    "timezone_offset": "{field} must have another offset.",
    "time_delta_type": _DURATION,
    "time_delta_parsing": _DURATION,
    "uuid_type": _UUID,
    "uuid_parsing": _UUID,
    "uuid_version": "{field} must be a UUID of version {expected_version}.",
    "url_type": _URL,
    "url_parsing": _URL,
    "url_syntax_violation": _URL,
    "url_scheme": "{field} must be a URL that begins with {expected_schemes}.",
    "url_too_long": "{field} must have at most {max_length} characters.",
}
OTHER_MODEL_TEXT = "{field} has a value that is not allowed; it is {found}."
"""For types that no request can cause, such as a Python class that is expected."""


def text_of_model_error(
    kind: str, limits: Mapping[str, Any], *, found: str, length: int | None = None
) -> str:
    """Return the text for a type of error, with its limits and with what was found. `{field}` stays."""
    facts = {name: str(limit).replace("'", "`") for name, limit in limits.items()}
    facts |= {"found": found, "length": "more" if length is None else str(length)}
    text = MODEL_TEXTS.get(kind, OTHER_MODEL_TEXT)
    for name, fact in facts.items():
        text = text.replace(f"{{{name}}}", fact)
    return text
