"""RFC 9110 (HTTP semantics), sections 8 to 10: representations, methods and context."""

from __future__ import annotations

from scenarios.wire.requirement import Requirement, absent, differs, held

__all__ = ["RFC_9110_METHODS"]

_NO_LAST_MODIFIED = "No answer has Last-Modified."
_NO_PUT = "No resource takes PUT: it is answered 405."
_NO_TUNNEL = "CONNECT is always refused, so that it has no 2xx answer."

RFC_9110_METHODS: tuple[Requirement, ...] = (
    # Representations
    absent(
        "8.3.3",
        "MUST",
        "Write CRLF between the parts of a multipart body.",
        "No body has parts.",
    ),
    held(
        "8.4",
        "MUST",
        "Name the codings of a body in Content-Encoding, in their order.",
        "test_conformance_answers.py::test_a_content_coding_is_named_and_true",
        "tests/api/test_seats.py::test_the_seat_map_is_compressed_if_accepted",
    ),
    held(
        "8.6",
        "MUST NOT",
        "Send a length to HEAD that GET would not have.",
        "test_conformance_answers.py::test_a_head_has_the_fields_and_the_length_of_its_get",
        "test_conformance_connections.py::test_the_head_of_a_stream_names_no_length_that_it_does_not_have",
    ),
    held(
        "8.6",
        "MUST NOT",
        "Send a length with a 304 that its 200 would not have.",
        "test_conformance_conditions.py::test_a_304_names_no_length_but_that_of_its_200",
    ),
    held(
        "8.6",
        "MUST NOT",
        "Send Content-Length with a 1xx.",
        "test_conformance_connections.py::test_a_continue_has_neither_length_nor_coding",
    ),
    absent(
        "8.6",
        "MUST NOT",
        "Send Content-Length with a 204.",
        "No route answers 204.",
    ),
    absent(
        "8.6",
        "MUST NOT",
        "Send Content-Length with a 2xx to CONNECT.",
        _NO_TUNNEL,
    ),
    held(
        "8.6",
        "MUST",
        "Read large lengths without an overflow.",
        "test_conformance_framing.py::test_a_large_length_never_wraps_around",
    ),
    held(
        "8.6",
        "MUST NOT",
        "Pass a length on that is known to be wrong.",
        "test_conformance_answers.py::test_every_length_is_that_of_the_body",
    ),
    held(
        "8.6",
        "MUST NOT",
        "Pass a length on that is outside the grammar.",
        "test_conformance_answers.py::test_every_value_is_of_the_grammar_of_its_field",
        "test_conformance_framing.py::test_two_lengths_are_refused",
    ),
    held(
        "8.7",
        "MUST",
        "Take Content-Location of a request for passing context.",
        "test_conformance_semantics.py::test_context_of_a_request_changes_nothing",
    ),
    held(
        "8.7",
        "MUST NOT",
        "Let Content-Location of a request change what it means.",
        "test_conformance_semantics.py::test_context_of_a_request_changes_nothing",
    ),
    absent(
        "8.8.2.1",
        "MUST NOT",
        "Send Last-Modified later than Date.",
        _NO_LAST_MODIFIED,
    ),
    absent(
        "8.8.2.1",
        "MUST",
        "Replace a modification in the future by the time of the answer.",
        _NO_LAST_MODIFIED,
    ),
    absent(
        "8.8.2.1",
        "MUST NOT",
        "Send Last-Modified without a clock.",
        _NO_LAST_MODIFIED,
    ),
    held(
        "8.8.3",
        "MUST",
        "Mark an entity tag as weak that does not stand for the same octets.",
        "test_conformance_conditions.py::test_two_codings_of_one_file_do_not_share_a_strong_tag",
        "tests/api/test_seats.py::test_a_seat_map_version_is_immutable_and_cacheable",
    ),
    differs(
        "8.8.3",
        "MUST",
        "Mark the entity tag of the availability as weak.",
        "One state has one tag, whichever route answers it, and its form is documented. Two answers with one tag "
        "differ in `as_of` alone, the time of reading. There are no ranges that could join two of them.",
    ),
    # Methods
    held(
        "9.1",
        "MUST",
        "Support GET and HEAD.",
        "test_conformance_semantics.py::test_every_readable_resource_has_get_and_head",
    ),
    held(
        "9.1",
        "SHOULD",
        "Answer a method that the target does not allow with 405.",
        "test_conformance_semantics.py::test_a_method_that_a_target_does_not_have_is_405",
        "tests/http/test_layer.py::test_a_wrong_method_gets_the_allowed_ones",
    ),
    differs(
        "9.1",
        "SHOULD",
        "Answer a method that nobody knows, or a longer one, with 501.",
        "It is answered 400 before a route is looked for: no client of the API has a reason to send one.",
    ),
    held(
        "9.2.1",
        "MUST",
        "Do nothing unsafe where a safe method asks for it.",
        "test_conformance_semantics.py::test_a_safe_method_changes_nothing",
        "tests/http/test_layer.py::test_a_method_cannot_be_overridden",
    ),
    held(
        "9.3.2",
        "MUST NOT",
        "Send a body to HEAD.",
        "test_conformance_answers.py::test_an_answer_to_head_and_a_304_have_no_body",
        "test_conformance_semantics.py::test_an_answer_to_head_ends_with_its_head",
        "tests/http/test_layer.py::test_a_head_is_a_get_without_its_body",
    ),
    held(
        "9.3.2",
        "SHOULD",
        "Send the fields of GET to HEAD.",
        "test_conformance_answers.py::test_a_head_has_the_fields_and_the_length_of_its_get",
    ),
    held(
        "9.3.3",
        "SHOULD",
        "Answer a POST that created something with 201 and its place.",
        "test_conformance_answers.py::test_a_post_that_creates_answers_201_with_the_place",
    ),
    absent(
        "9.3.4",
        "MUST",
        "Answer a PUT that created something with 201.",
        _NO_PUT,
    ),
    absent(
        "9.3.4",
        "MUST",
        "Answer a PUT that replaced something with 200 or 204.",
        _NO_PUT,
    ),
    absent(
        "9.3.4",
        "MUST NOT",
        "Send a validator with a PUT whose body was changed on the way.",
        _NO_PUT,
    ),
    absent(
        "9.3.4",
        "MUST",
        "Redirect a PUT that is meant for another resource.",
        _NO_PUT,
    ),
    held(
        "9.3.6",
        "MUST",
        "Refuse CONNECT to an empty or invalid port.",
        "test_conformance_semantics.py::test_connect_to_no_port_is_refused",
    ),
    absent(
        "9.3.6",
        "MUST NOT",
        "Send Transfer-Encoding or Content-Length with a 2xx to CONNECT.",
        _NO_TUNNEL,
    ),
    held(
        "9.3.7",
        "SHOULD",
        "Name what the server allows in its answer to OPTIONS for the server as a whole.",
        "test_conformance_semantics.py::test_options_for_the_whole_server_is_answered",
    ),
    # Context
    held(
        "10.1.1",
        "MUST",
        "Ignore the expectation in HTTP/1.0.",
        "test_conformance_connections.py::test_an_http_1_0_client_never_sees_a_continue",
    ),
    held(
        "10.1.1",
        "MUST",
        "Send a final answer after a 100.",
        "test_conformance_connections.py::test_a_client_that_waits_is_asked_for_its_body",
    ),
    held(
        "10.1.1",
        "MUST",
        "Answer a client that waits with a 100, or with a final answer at once.",
        "test_conformance_connections.py::test_a_client_that_waits_is_asked_for_its_body",
        "test_conformance_connections.py::test_a_refusal_comes_in_place_of_the_continue",
        "test_conformance_connections.py::test_an_expectation_without_a_body_is_answered_at_once",
    ),
    held(
        "10.1.1",
        "MUST NOT",
        "Wait for the body before the 100 is sent.",
        "test_conformance_connections.py::test_a_client_that_waits_is_asked_for_its_body",
    ),
    held(
        "10.1.1",
        "SHOULD",
        "Say in a final answer before the body whether the connection closes.",
        "test_conformance_connections.py::test_a_refusal_comes_in_place_of_the_continue",
    ),
    held(
        "10.1.4",
        "MUST",
        "Name TE in Connection where it is sent.",
        "test_conformance_answers.py::test_no_field_is_sent_that_only_others_may_send",
    ),
    held(
        "10.2.1",
        "MUST",
        "Send Allow with a 405.",
        "test_conformance_answers.py::test_a_405_allows_the_methods_that_the_target_has",
        "test_conformance_semantics.py::test_a_method_that_a_target_does_not_have_is_405",
    ),
)
