"""Fields: one wrong part of the input, and the texts for it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FIELD", "FieldError", "name_of"]

FIELD = "{field}"
"""Stands for the field's name in a text."""

_MAX_NAME_LENGTH = 100


def name_of(pointer: str) -> str:
    """Return how a text names the field at a pointer: its path in backticks, or "The body".

    The pointer `{field}` keeps the text as it is, for a caller that will name the place.
    """
    if pointer == FIELD:
        return FIELD
    path = pointer.removeprefix("/").removeprefix("?").replace("~1", "/").replace("~0", "~")
    if not path:
        return "The body"
    return f"`{path if len(path) <= _MAX_NAME_LENGTH else path[:_MAX_NAME_LENGTH] + '…'}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One wrong part of the input. `pointer` is a JSON Pointer (RFC 6901) into the body, or `?name` of a parameter.

    Each text says what is wrong, where, and what is right. `{field}` becomes the field's name.
    """

    pointer: str
    code: str
    detail: str

    AISLE = "{field} is an aisle (null), which must be between two seats of a row."
    AREA_CHANGE = "{field} must name the area by `id` or `name`."
    AREA_EXISTS = "{field} is an area whose name the event has already: give it another."
    AREA_NAME_TAKEN = "{field} is the name of another area of the event: give each its own name."
    AREA_NEW = "{field} adds an area, so it must have `name` and `capacity`, and no `id`."
    AREA_REMOVED = "{field} removes an area, so it must have no other change."
    AREA_TWICE = "{field} is the name of an earlier area: give each area its own name."
    AREA_WITH_QUANTITY = "{field} has `area`, which is only allowed with `quantity`."
    AS_OF_AND_SINCE = "{field} cannot be combined with `since`: give one of them."
    AS_OF_TO_COME = "{field} is in the future: give a past time."
    BLANK = "{field} is blank: give a text, or leave it out."
    BLOCK_KIND = "{field} must have exactly one of `seats` and `quantity`."
    BOOKMARK = "{field} must be a bookmark of an earlier answer: its epoch, a dot and its version, as in 5f0c1a9e.42."
    BOOKING_REFERENCE = "{field} must be a booking's reference: eight letters and digits, as in K7M2QX4B."
    BUYER_IS_ACCOUNT = "{field} must be omitted: what you hold belongs to your account."
    BUYER_RESERVED = "{field} must not begin with `account:`, which names a buyer who has signed in."
    BUYER_OF_HOLD = "{field} must be the reference that the hold was placed with."
    CAPACITY_OR_AREAS = "{field} cannot be combined with `capacity`: give one of them."
    CATEGORY_CHANGE = (
        "{field} must have `id` and `name` to rename a category, or `name` and `add: true` to add one."
    )
    CATEGORY_EXISTS = "{field} is the name of another category of the event: give each its own name."
    CATEGORY_UNKNOWN = "{field} must be one of the plan's categories."
    CATEGORY_UNUSED = (
        "{field} adds a category that nothing in this change has: give it to seats or an area, "
        "or leave it out."
    )
    CATEGORY_WITH_CHOICE = (
        "{field} has `category`, `together` or `accessible`, which are only allowed with `best_available`."
    )
    CHARACTER = "{field} has a NUL or half of a surrogate pair, which no text may have: remove it."
    CHARACTER_IN_KEY = "{field} has a name with a NUL or half of a surrogate pair: remove it."
    CURSOR = "{field} is not a cursor of this list: send the `next` of an answer to the same query."
    EASY_TO_GUESS = "{field} is easy to guess: give 12 characters of your own, or four different words."
    EMAIL = "{field} must be an email address, such as ada@example.org."
    LANGUAGE = "{field} must be the code of a language that the server speaks, such as en."
    LISTS_ALIKE = "{field} has two lists of one name: give each its own name."
    NAME_OF_ACCOUNT = "{field} is required, because there is no account with this address yet."
    NO_EVENT = "{field} must be the number of an event of the organisation: list its events."
    OWNER_SEES_ALL = "{field} must be null for an owner, who sees every event."
    PASSKEY = "{field} is not a passkey that was made for this session just now, or it is known."
    POSTER = "{field} must be a PNG, JPEG or WebP picture in base 64, of 8 MB and 25 megapixels or fewer."
    PRESENT_NEEDED = "{field} is required to change the address or the password."
    NO_MEMBERSHIP = "{field} must be an organisation that the account is a member of: `/v1/me` lists them."
    WEBHOOK_URL = "{field} must be another address, because no webhook may have this one: {reason}."
    EXCHANGE_QUANTITY = (
        "{field} asks for {wanted} admissions, and {returned} are returned: the numbers must be equal."
    )
    EVENT_NUMBER = "{field} must be an event's number: the first is 1."
    EVENT_REF = "{field} must be an event's id (a UUID) or its number (an integer)."
    EVENT_REQUIRED = "{field} is required, because there are several events with numbered seats."
    FLAG_WITHOUT_SEAT = "{field} must name seats of this map: it has no seat {label}."
    ID = "{field} must be an id: a UUID or a number."
    ID_TAKEN = "{field} is the id of another seat: give each seat its own."
    LABEL = (
        "{field} must be a seat label such as A-12: a letter or digit, then at most 31 letters, digits, spaces, "
        "dots or hyphens."
    )
    LABELS_TYPE = "{field} must be an array of seat labels."
    LABEL_TYPE = "{field} must be a seat label, as a string."
    LINE_KIND = "{field} must have exactly one of `seats`, `quantity` and `best_available`."
    METADATA_KEY = (
        "{field} has a key that is not allowed: it must have 1 to 40 characters, without brackets and control "
        "characters."
    )
    METADATA_KEYS = "{field} would have more than {limit} keys: remove some."
    NOT_ALLOWED_CHARACTER = "{field} has a character that is not allowed (U+{code}): remove it."
    NOT_BOOLEAN = "{field} must be true or false."
    NOT_CLEARED = "{field} cannot be null: give a value, or leave it out."
    NOT_INTEGER = "{field} must be an integer."
    NOT_LIST = "{field} must be an array."
    NOT_NUMBER = "{field} must be a number."
    NOT_OBJECT = "{field} must be an object."
    NOT_STRING = "{field} must be a string."
    NUMBER_TOO_LARGE = "{field} must be a number of at most 64 bits."
    POSITION_REQUIRED = "{field} is required: a seat must have a position."
    REPEATED = "{field} is given more than once: give it once."
    REQUIRED = "{field} is required."
    SALE_ENDS_FIRST = "{field} must be later than `on_sale_at`: the sale cannot end before it begins."
    SEAT_ID = "{field} must be a seat's id: a number."
    SEAT_MAP_FORM = "{field} must have `sections` or `labels`, or be a seating plan with `zones`."
    SEAT_MAP_REFERENCE = "{field} names a stored seat map: give its `id`, and a `version` or nothing more."
    SEAT_MAP_TYPE = "{field} must be an object."
    SEAT_MAP_UNKNOWN = "{field} must be a stored seat map, and a version that it has: list the seat maps."
    SEAT_REQUIRED = "{field} must have at least one seat."
    SEVERAL_AREAS = (
        "{field} cannot be changed, because the event does not have just one area: change `areas`."
    )
    SOLD = "{field} must be `seats` (the default) or `whole`."
    TIME_FORM = (
        "{field} must be a time with an offset (RFC 3339), such as 2027-05-01T19:30:00Z or "
        "2027-05-01T21:30:00+02:00."
    )
    TIME_FORM_ISO = "{field} must be an ISO 8601 time, such as 2027-05-01T19:30:00Z, from 1970 to 2100."
    TIME_NO_SUCH = (
        "{field} has the form of a time, and its calendar has no such day, hour or offset: correct it."
    )
    TIME_OF_DAY_MISSING = "{field} is a date without a time of day: write it as in 2027-05-01T19:30:00Z."
    TIME_OFFSET_MISSING = (
        "{field} is a time without an offset from UTC: add Z, or an offset as in 2027-05-01T21:30:00+02:00."
    )
    TIME_RANGE = "{field} must be a time from 1970 to 2100."
    TIME_PAST = "{field} is in the past: give a time to come, or leave it out."
    TIME_TYPE = "{field} must be a time, as a string such as 2027-05-01T19:30:00Z."
    TIME_WITHOUT_ZONE = (
        "{field} is a time without an offset: add one, as in 2027-05-01T21:30:00+02:00, "
        "or give the time zone."
    )
    TIME_ZONE = "{field} must be an IANA time zone, such as Europe/Berlin."
    TOO_LONG = "{field} must have at most {limit} characters; it has {length}."
    TOO_MANY_ITEMS = "{field} must have at most {limit} items."
    TOKENS_DIFFER = "{field} differs from the token in the header: send one of them."
    TTL_OVER_MAX = "{field} must not be more than `max_hold_ttl_seconds`."
    UNKNOWN = "{field} is not a field here: leave it out."
    UNKNOWN_AMONG = "{field} is not a field here; the fields are {fields}."
    UNKNOWN_ALONE = "{field} is not a field here: leave it out, because nothing is expected."
    UNKNOWN_NEAR = "{field} is not a field here; did you mean {near}?"
    WHOLE_TABLE = "{field} must name all seats of a table that is sold as a whole, or none."
    UUID_FORM = "{field} must be a UUID, such as 0192d3a8-7c1e-7b54-9f0a-3c5d7e9b1f24."
    UUID_TYPE = "{field} must be a UUID, as a string."

    def __post_init__(self) -> None:
        if FIELD in self.detail:
            object.__setattr__(self, "detail", self.detail.replace(FIELD, name_of(self.pointer)))

    def moved(self, pointer: str) -> FieldError:
        """Return the same error at another place."""
        detail = self.detail.replace(name_of(self.pointer), name_of(pointer))
        return FieldError(pointer=pointer, code=self.code, detail=detail)

    def as_dict(self) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}
