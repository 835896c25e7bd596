"""Fields: one wrong part of the input, and the texts for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One wrong part of the input. `pointer` is a JSON Pointer (RFC 6901) into the body."""

    pointer: str
    code: str
    detail: str

    AISLE = "An aisle (null) must be between two seats of a row."
    AREA_EXISTS = "The map draws an area whose name the event has already."
    AREA_TWICE = "Named twice."
    AREA_WITH_QUANTITY = "area is only allowed with quantity."
    AS_OF_AND_SINCE = "Cannot be combined with `since`."
    AS_OF_TO_COME = "That moment is in the future."
    BLANK = "It is blank."
    BLOCK_KIND = "Give exactly one of seats and quantity."
    BOOKMARK = "Give a bookmark of an earlier answer: its epoch, a dot and its version."
    BOOKING_REFERENCE = "Must be a booking's reference: eight letters and digits."
    BUYER_OF_HOLD = "Must be the reference that the hold was placed with."
    CAPACITY_OR_AREAS = "Give capacity or areas, not both."
    CATEGORY_UNKNOWN = "It is not one of the plan's categories."
    CATEGORY_WITH_CHOICE = "category, together and accessible are only allowed with best_available."
    CHARACTER = "Holds a NUL or half of a surrogate pair."
    CHARACTER_IN_KEY = "A key holds a NUL or half of a surrogate pair."
    CURSOR = "Not a cursor of this list."
    EMAIL = "Must be an email address."
    EVENT_NUMBER = "No event can have this number."
    EVENT_REF = "Must be an event's id (a UUID) or number."
    EVENT_REQUIRED = "There are several events with numbered seats: choose one with event_id."
    FLAG_WITHOUT_SEAT = (
        "The map has no seat {label} that could be a wheelchair, companion or restricted-view seat."
    )
    ID = "Must be an id: a UUID or a number."
    ID_TAKEN = "Another seat has this id."
    LABEL = "A seat label is a letter A-Z or a digit, then up to 31 letters, digits, spaces, dots or hyphens."
    LABELS_TYPE = "Must be an array of seat labels."
    LABEL_TYPE = "A seat label is a string."
    LINE_KIND = "Give exactly one of seats, quantity and best_available."
    METADATA_KEY = "A key has 1 to 40 characters, without brackets and control characters."
    METADATA_KEYS = "At most {limit} keys."
    METADATA_VALUE = "A value is a text of at most 500 characters."
    NOT_BOOLEAN = "It is not true or false."
    NOT_CLEARED = "It cannot be cleared."
    NOT_INTEGER = "It is not an integer."
    NOT_LIST = "It is not a list."
    NOT_NUMBER = "It is not a number."
    NOT_OBJECT = "It is not an object."
    NOT_STRING = "It is not a string."
    NUMBER_TOO_LARGE = "The number does not fit in 64 bits."
    EASY_TO_GUESS = "The password is easy to guess: give 12 characters of your own, or four different words."
    POSITION_REQUIRED = "A seat must have a position."
    REPEATED = "Given more than once."
    REQUIRED = "Field required."
    SALE_ENDS_FIRST = "The sale cannot end before it begins."
    SEAT_ID = "Must be a seat's id: a number."
    SEAT_MAP_FORM = "A seat map has sections, or labels, or is a seating plan with zones."
    SEAT_MAP_TYPE = "A seat map is an object."
    SEAT_REQUIRED = "A seat map has at least one seat."
    SEVERAL_AREAS = "The event does not have just one area: change `areas`."
    SOLD = "It is neither `seats` (the default) nor `whole`."
    TIME_FORM = "Must be an RFC 3339 time with an offset, between 1970 and 2100."
    TIME_FORM_ISO = "Must be an ISO 8601 time between 1970 and 2100."
    TIME_TYPE = "Must be a time, as a string."
    TIME_WITHOUT_ZONE = "A time without an offset needs the event's time zone."
    TIME_ZONE = "Must be an IANA time zone, for example Europe/Berlin."
    TOKENS_DIFFER = "The token differs from the one in the header."
    TTL_OVER_MAX = "Must not be more than max_hold_ttl_seconds."
    UNKNOWN = "There is no such field."
    UUID_FORM = "Must be a UUID in the form 8-4-4-4-12."
    UUID_TYPE = "Must be a UUID, as a string."

    def as_dict(self) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}
