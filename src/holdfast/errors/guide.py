"""Guide: when each error comes, and what to do. The reference and the page of each problem show these texts."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GUIDE", "Advice"]


@dataclass(frozen=True, slots=True)
class Advice:
    """Sentences for the caller. Backticks mark names of members, headers and commands."""

    cause: str
    remedy: str


GUIDE: dict[str, Advice] = {
    "bad_request": Advice(
        "A header, the path, the query or the length of the body is not as HTTP has it. A guessable "
        "`Idempotency-Key` without an API key is refused, too.",
        "Correct the request: `detail` says which part.",
    ),
    "malformed_json": Advice(
        "The body is not JSON, repeats a name in an object, has NaN or a number out of range, or is nested too deeply.",
        "Correct the body.",
    ),
    "credentials_required": Advice(
        "The request has no credentials, or invalid ones: a wrong password, for example, or a session that has ended.",
        "Send an API key (`Authorization: Bearer hfk_…`), or the hold's token (`Hold-Token: hfh_…`), or sign in. In "
        "open mode, call from the server's machine, without a proxy between.",
    ),
    "forbidden": Advice(
        "The API key lacks the scope, or the member the permission. Or a page of another origin sent a session's "
        "cookie with a change.",
        "Make a key that has it: `holdfast keys create`. Change things from a page of the server itself.",
    ),
    "second_factor_required": Advice(
        "The account has an authenticator app, or its organisation requires one.",
        "Send `second_factor`, a code of the app or a recovery code. A code works once.",
    ),
    "second_factor_state": Advice(
        "An app is enrolled already, or none is. Or the change would leave a member without a second factor that its "
        "organisation requires.",
        "Read `GET /v1/me/second-factor` and `GET /v1/me/passkeys`.",
    ),
    "token_refused": Advice(
        "The form for a token has a wrong `grant_type` or `scope`, or its grant is not valid. The answer has the form "
        "of RFC 6749, and its `error` is `invalid_request`, `invalid_grant`, `invalid_scope`, `unauthorized_client` or "
        "`unsupported_grant_type`.",
        "Correct the form: `error_description` says what is wrong.",
    ),
    "client_refused": Advice(
        "Who asks for a token has not proved who it is. The answer has the form of RFC 6749: its `error` is "
        "`invalid_client`.",
        "Send the id and the secret of an API key by HTTP Basic.",
    ),
    "event_not_found": Advice(
        "There is no event with this id or number, or it is a draft that the caller may not see.",
        "Check the id.",
    ),
    "hold_not_found": Advice(
        "There is no hold with this id, or the token belongs to another one.", "Check the id and the token."
    ),
    "booking_not_found": Advice(
        "There is no booking with this id, or the token belongs to another one.",
        "Check the id and the token.",
    ),
    "ticket_not_found": Advice(
        "The booking has fewer tickets.", "List the tickets: their numbers count from 1."
    ),
    "seat_map_not_found": Advice(
        "There is no stored seat map with this id, or no such version.", "Check the id."
    ),
    "block_not_found": Advice("There is no block with this id.", "Check the id."),
    "seat_not_found": Advice("The event has no seat with this label.", "Check the label in the seat map."),
    "webhook_not_found": Advice("There is no webhook with this id.", "Check the id."),
    "delivery_not_found": Advice(
        "The webhook has no delivery with this id, or it was done long ago.",
        "Read what happened from the event's notices.",
    ),
    "user_not_found": Advice("Dialect 3 has no user with this id.", "Make the user first."),
    "organisation_not_found": Advice(
        "There is no organisation with this number that the caller acts for.",
        "Read `/v1/me`: it names the organisations.",
    ),
    "member_not_found": Advice("The organisation has no such member.", "List the members."),
    "key_not_found": Advice("There is no API key with this id.", "List the keys."),
    "key_ended": Advice("The API key is revoked or expired.", "Make another key."),
    "session_not_found": Advice("The account has no such session, or it has ended.", "List the sessions."),
    "passkey_not_found": Advice("The account has no such passkey.", "List the passkeys."),
    "last_owner": Advice(
        "The change would leave the organisation without an owner.", "Make another member its owner first."
    ),
    "link_not_valid": Advice(
        "A link of a mail works once, for its time, and until the password or the address changes. A link to sign in "
        "works in the browser that asked for it, or with the code that this one shows.",
        "Ask for another link.",
    ),
    "not_found": Advice("The server has no such path.", "Check the path. `/openapi.json` lists all of them."),
    "method_not_allowed": Advice(
        "The path exists, but not with this method.", "Use a method that the header `Allow` names."
    ),
    "seat_taken": Advice(
        "Someone holds or has booked the seat.",
        "Offer another one. A held seat may become free again.",
    ),
    "seat_blocked": Advice("The organiser keeps the seat off sale.", "Offer another one."),
    "sold_out": Advice(
        "Fewer admissions are left than requested.",
        "Request fewer, or take what is left with `allow_partial`.",
    ),
    "not_together": Advice(
        "Enough seats are free, but not side by side.", "Retry with `together: false`, or request fewer."
    ),
    "event_not_on_sale": Advice(
        "The event is a draft, or the request came outside its time of sale.", "Come back at `on_sale_at`."
    ),
    "sales_stopped": Advice(
        "The organiser has stopped sales for now. The live check does so if rows disagree with the journal.",
        "Wait until sales resume.",
    ),
    "hold_already_confirmed": Advice("The hold has become a booking.", "Read or cancel the booking."),
    "booking_already_cancelled": Advice("The booking of this hold was cancelled.", "Place a new hold."),
    "not_in_booking": Advice(
        "The booking does not have what it is to return. A cancel or an exchange before may have returned it.",
        "Read the booking's `lines`.",
    ),
    "duplicate_seat": Advice("The request or the seat map names a seat twice.", "Name it once."),
    "duplicate_email": Advice("There is an account with this address.", "Use that account."),
    "capacity_taken": Advice(
        "The new capacity is lower than what is held, booked and blocked.",
        "Reduce it less, or lift blocks and cancel bookings first.",
    ),
    "invalid_transition": Advice(
        "The event's state has no such move. A cancelled event cannot be published again, for example.",
        "Read the event's `status`. The glossary draws the moves.",
    ),
    "in_progress": Advice(
        "Another request with this `Idempotency-Key` is creating the event.",
        "Retry in a second, with the same key.",
    ),
    "hold_expired": Advice("The hold's time has passed.", "Place a new hold."),
    "hold_released": Advice("The buyer or the box office has released the hold.", "Place a new hold."),
    "event_cancelled": Advice("The event will not take place.", "Inform the buyer."),
    "request_timeout": Advice("The head or the body did not arrive in time.", "Send the request again."),
    "precondition_failed": Advice(
        "`If-Match` names no current `ETag`, or a change came with `If-None-Match: *`. Only reads have an `ETag`.",
        "Read again, or omit the header.",
    ),
    "body_too_large": Advice(
        "The body is larger than the route's limit. `limit` has its size.", "Send less."
    ),
    "uri_too_long": Advice("The path or the query is longer than 8 KB.", "Shorten it."),
    "unsupported_media_type": Advice(
        "The body is not `application/json` (of a token: a form), or it is compressed.",
        "Send plain JSON with its `Content-Type`.",
    ),
    "expectation_failed": Advice(
        "`Expect` asks for something other than `100-continue`.", "Omit the header."
    ),
    "headers_too_large": Advice(
        "There are more than 100 headers, 8 KB in one of them, or 32 KB in all of them.", "Send fewer."
    ),
    "invalid_input": Advice(
        "A member is missing, unknown, of the wrong type, or out of its limits. `errors` names each one.",
        "Correct the members that `errors` names.",
    ),
    "seat_unknown": Advice("The event has no seat of that label.", "Read the seat map."),
    "area_unknown": Advice(
        "The event has no area or category of that name.",
        "Read the event. In a change, `add` says that it is new.",
    ),
    "area_required": Advice("The event has several areas, and the line names none.", "Name the area."),
    "buyer_required": Advice(
        "The event limits the admissions of each buyer, and the hold names no buyer. Or a booking without a mail "
        "address is to be mailed.",
        "Send `buyer`, with its `email` for a mail.",
    ),
    "quantity_over_limit": Advice(
        "The event allows fewer admissions in one hold, or for one buyer.", "Request fewer."
    ),
    "idempotency_key_reused": Advice(
        "The key was used for another request.",
        "Make a new key for each purchase, and keep it for its retries.",
    ),
    "rate_limited": Advice(
        "A caller sends more requests than the limits of the server allow, or a proxy in front limits them. Or there "
        "were too many wrong passwords or codes.",
        "Wait for the seconds of `Retry-After`.",
    ),
    "busy": Advice(
        "The server refused the request because of overload, before any work began.",
        "Retry after the seconds of `Retry-After`.",
    ),
    "unavailable": Advice(
        "The database did not answer in time, or a read met an error of the server, which is in the log. Certainly "
        "nothing was done.",
        "Retry after the seconds of `Retry-After`.",
    ),
    "outcome_unknown": Advice(
        "The answer to a commit was lost, or a change met an error of the server, which is in the log. The change may "
        "have been made.",
        "Retry with the same `Idempotency-Key`, or confirm the same hold again. The answer settles it.",
    ),
    "error": Advice(
        "A route that other code has added answered with a status that has no code of its own.",
        "Read `detail`, and the documentation of that route.",
    ),
}
"""By code. `error` is the code of an added route's plain status; all others are in the tree of errors."""
