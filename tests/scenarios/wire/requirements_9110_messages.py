"""RFC 9110 (HTTP semantics), sections 2 to 7: identifiers, fields, messages and routing."""

from __future__ import annotations

from scenarios.wire.requirement import Requirement, absent, differs, held

__all__ = ["RFC_9110_MESSAGES"]

_NO_101 = "The server speaks HTTP/1.1 alone, so that no answer is 101."
_NO_426 = "No answer is 426."
_NO_DATES = "No resource has a modification date, and no request field with a date is read."

RFC_9110_MESSAGES: tuple[Requirement, ...] = (
    # Conformance
    held(
        "2.2",
        "MUST NOT",
        "Send a status line outside the grammar.",
        "test_conformance_answers.py::test_every_status_line_is_of_the_grammar",
    ),
    held(
        "2.2",
        "MUST NOT",
        "Send a field line outside the grammar.",
        "test_conformance_answers.py::test_every_field_line_is_of_the_grammar",
    ),
    held(
        "2.2",
        "MUST NOT",
        "Send a value outside the grammar of its field.",
        "test_conformance_answers.py::test_every_value_is_of_the_grammar_of_its_field",
    ),
    held(
        "2.2",
        "MUST NOT",
        "Send what only participants in other roles may send.",
        "test_conformance_answers.py::test_no_field_is_sent_that_only_others_may_send",
    ),
    held(
        "2.3",
        "MUST",
        "Read targets as long as those that it writes.",
        "test_conformance_heads.py::test_a_location_that_was_answered_is_short_enough_to_ask_for",
    ),
    held(
        "2.3",
        "MUST",
        "Read entity tags as long as those that it writes.",
        "test_conformance_heads.py::test_an_entity_tag_that_was_answered_is_short_enough_to_send_back",
    ),
    held(
        "2.4",
        "MUST",
        "Read the name of a field in any case, as its definition says.",
        "test_conformance_heads.py::test_the_name_of_a_field_is_read_in_any_case",
    ),
    held(
        "2.4",
        "MUST",
        "Read a method in its own case alone, as its definition says.",
        "test_conformance_heads.py::test_a_method_is_read_in_its_own_case_alone",
    ),
    held(
        "2.4",
        "MUST",
        "Read a media type in any case, with its parameters.",
        "test_conformance_semantics.py::test_a_media_type_is_read_by_its_grammar",
        "tests/http/test_layer_requests.py::test_a_non_json_body_is_refused",
    ),
    held(
        "2.4",
        "MUST",
        "Read a scheme of authentication in any case.",
        "test_conformance_semantics.py::test_a_scheme_is_read_in_any_case",
    ),
    held(
        "2.4",
        "MUST",
        "Read an expectation in any case.",
        "test_conformance_connections.py::test_an_expectation_is_read_by_its_grammar",
    ),
    held(
        "2.4",
        "MUST",
        "Read an option of the connection in any case.",
        "test_conformance_connections.py::test_after_a_close_of_the_client_nothing_is_processed",
    ),
    held(
        "2.4",
        "MUST",
        "Read a weight of zero as `not acceptable`.",
        "test_conformance_semantics.py::test_a_coding_that_is_not_accepted_is_not_sent",
    ),
    held(
        "2.4",
        "MUST",
        "Ignore a field that is not known.",
        "test_conformance_semantics.py::test_a_field_that_nobody_knows_is_ignored",
    ),
    held(
        "3.3",
        "MUST NOT",
        "Assume that two requests of one connection come from the same user agent.",
        "test_conformance_heads.py::test_two_requests_of_one_connection_are_two_strangers",
    ),
    # Identifiers
    held(
        "4.2.1",
        "MUST NOT",
        "Write a URI of `http` with an empty host.",
        "test_conformance_answers.py::test_no_location_has_userinfo_or_an_empty_host",
    ),
    held(
        "4.2.1",
        "MUST",
        "Refuse a URI of `http` with an empty host.",
        "test_conformance_heads.py::test_an_absolute_target_without_a_host_is_refused",
    ),
    held(
        "4.2.2",
        "MUST NOT",
        "Write a URI of `https` with an empty host.",
        "test_conformance_answers.py::test_no_location_has_userinfo_or_an_empty_host",
    ),
    held(
        "4.2.2",
        "MUST",
        "Refuse a URI of `https` with an empty host.",
        "test_conformance_heads.py::test_an_absolute_target_without_a_host_is_refused",
    ),
    held(
        "4.2.4",
        "MUST NOT",
        "Write userinfo into a URI.",
        "test_conformance_answers.py::test_no_location_has_userinfo_or_an_empty_host",
    ),
    held(
        "4.2.4",
        "SHOULD",
        "Take userinfo in a target for an error.",
        "test_conformance_heads.py::test_userinfo_in_a_target_is_refused",
    ),
    # Fields
    held(
        "5.3",
        "MUST NOT",
        "Send two lines of one field that is no list.",
        "test_conformance_answers.py::test_no_field_comes_twice",
    ),
    held(
        "5.3",
        "MUST NOT",
        "Act on a request before its whole header is here.",
        "test_conformance_heads.py::test_nothing_is_done_before_the_head_is_whole",
        "tests/scenarios/hostile/test_wire.py::test_a_client_that_hangs_up_leaves_nothing_behind",
    ),
    held(
        "5.4",
        "MUST",
        "Answer a field line, a value or a set of fields that is too large with a 4xx.",
        "test_conformance_heads.py::test_fields_over_the_limit_are_431",
        "tests/http/test_layer_requests.py::test_overlong_headers_are_refused",
    ),
    held(
        "5.5",
        "MUST",
        "Leave out the whitespace around a value.",
        "test_conformance_heads.py::test_whitespace_around_a_value_is_no_part_of_it",
    ),
    held(
        "5.5",
        "MUST",
        "Refuse or replace CR, LF and NUL in a value.",
        "test_conformance_heads.py::test_a_value_with_nul_cr_or_lf_is_refused",
    ),
    held(
        "5.5",
        "SHOULD",
        "Take other octets above ASCII as they are.",
        "test_conformance_heads.py::test_a_head_is_read_octet_by_octet",
        "test_conformance_semantics.py::test_a_field_that_nobody_knows_is_ignored",
    ),
    held(
        "5.6.1.1",
        "MUST NOT",
        "Send an empty element of a list.",
        "test_conformance_answers.py::test_no_list_has_an_empty_element",
    ),
    held(
        "5.6.1.2",
        "MUST",
        "Read over empty elements in Connection.",
        "test_conformance_connections.py::test_unknown_options_of_the_connection_are_ignored",
        "test_conformance_connections.py::test_after_a_close_of_the_client_nothing_is_processed",
    ),
    held(
        "5.6.1.2",
        "MUST",
        "Read over empty elements in If-None-Match.",
        "test_conformance_conditions.py::test_a_known_state_is_304_by_weak_comparison",
    ),
    held(
        "5.6.1.2",
        "MUST",
        "Read over empty elements in Accept.",
        "test_conformance_semantics.py::test_context_of_a_request_changes_nothing",
    ),
    held(
        "5.6.1.2",
        "MUST",
        "Read over empty elements in Expect.",
        "test_conformance_connections.py::test_an_expectation_is_read_by_its_grammar",
    ),
    differs(
        "5.6.1.2",
        "MUST",
        "Read over empty elements in Transfer-Encoding and Content-Length.",
        "These frame the body. Whatever is not exactly `chunked`, or one number, is refused, so that two programs "
        "cannot read two bodies in one message.",
    ),
    held(
        "5.6.3",
        "MUST NOT",
        "Send bad whitespace.",
        "test_conformance_answers.py::test_every_value_is_of_the_grammar_of_its_field",
    ),
    held(
        "5.6.3",
        "MUST",
        "Read over bad whitespace.",
        "test_conformance_framing.py::test_bad_whitespace_in_a_chunk_extension_is_read_over",
    ),
    held(
        "5.6.4",
        "MUST",
        "Read a quoted pair in a chunk extension as the octet behind its backslash.",
        "test_conformance_framing.py::test_a_chunk_extension_is_ignored",
    ),
    differs(
        "5.6.4",
        "MUST",
        "Read a quoted pair in a media type as the octet behind its backslash.",
        "The charset is compared as it is written, and one with a backslash is answered 415. No client has a reason "
        "to escape a letter of `utf-8`.",
    ),
    absent(
        "5.6.7",
        "MUST",
        "Read all three formats of a date.",
        _NO_DATES,
    ),
    held(
        "5.6.7",
        "MUST",
        "Write dates in the one fixed format.",
        "test_conformance_answers.py::test_a_date_is_in_the_one_format",
    ),
    held(
        "5.6.7",
        "MUST NOT",
        "Write further whitespace into a date.",
        "test_conformance_answers.py::test_a_date_is_in_the_one_format",
    ),
    absent(
        "5.6.7",
        "MUST",
        "Read a year of two digits as the most recent one that is not far ahead.",
        _NO_DATES,
    ),
    # Messages
    held(
        "6.2",
        "MUST NOT",
        "Send a version that it does not speak.",
        "test_conformance_answers.py::test_every_status_line_is_of_the_grammar",
    ),
    held(
        "6.2",
        "SHOULD",
        "Answer in the highest version that it speaks, of the same major version.",
        "test_conformance_answers.py::test_an_answer_to_http_1_0_is_of_http_1_1_and_has_no_coding",
    ),
    differs(
        "6.2",
        "SHOULD",
        "Read HTTP/1.2 as HTTP/1.1.",
        "There is no such version: whatever claims it is broken or tries the parser, and is answered 400.",
    ),
    held(
        "6.5.1",
        "MUST NOT",
        "Send a trailer field that its definition does not allow there.",
        "test_conformance_connections.py::test_no_trailer_is_ever_sent",
        "test_conformance_connections.py::test_a_stream_is_chunked_in_http_1_1",
    ),
    held(
        "6.5.1",
        "MUST NOT",
        "Merge a trailer field into the header.",
        "test_conformance_framing.py::test_a_trailer_never_becomes_a_header",
        "test_conformance_framing.py::test_credentials_in_a_trailer_change_nothing",
    ),
    absent(
        "6.5.2",
        "MUST",
        "Define a trailer field that can come twice as a list.",
        "The server defines no trailer field.",
    ),
    held(
        "6.6.1",
        "MUST",
        "Send Date with every 2xx, 3xx and 4xx.",
        "test_conformance_answers.py::test_every_answer_has_one_date",
        "test_conformance_answers.py::test_a_date_is_the_time_of_the_answer",
    ),
    absent(
        "6.6.1",
        "MUST NOT",
        "Send Date without a clock.",
        "The server has a clock.",
    ),
    # Routing
    held(
        "7.1",
        "MUST NOT",
        "Take the asterisk as the target of another method than OPTIONS.",
        "test_conformance_heads.py::test_an_asterisk_is_for_options_alone",
    ),
    held(
        "7.1",
        "MUST NOT",
        "Take an authority as the target of another method than CONNECT.",
        "test_conformance_heads.py::test_an_authority_is_for_connect_alone",
    ),
    held(
        "7.4",
        "MUST",
        "Refuse a request that does not meet what the scheme of its target demands.",
        "test_conformance_heads.py::test_an_absolute_target_without_a_host_is_refused",
        "test_conformance_heads.py::test_a_target_of_https_is_refused_without_tls",
    ),
    held(
        "7.4",
        "MUST",
        "Refuse a target of `https` that came without TLS.",
        "test_conformance_heads.py::test_a_target_of_https_is_refused_without_tls",
    ),
    held(
        "7.6.1",
        "MUST",
        "Name in Connection every field that is about the connection.",
        "test_conformance_answers.py::test_connection_names_only_what_is_about_the_connection",
        "test_conformance_answers.py::test_no_field_is_sent_that_only_others_may_send",
    ),
    held(
        "7.6.1",
        "MUST NOT",
        "Name in Connection a field that is for all recipients.",
        "test_conformance_answers.py::test_connection_names_only_what_is_about_the_connection",
    ),
    held(
        "7.6.3",
        "MUST NOT",
        "Combine members of Via with different protocols.",
        "test_conformance_answers.py::test_no_field_is_sent_that_only_others_may_send",
    ),
    absent(
        "7.8",
        "MUST",
        "Send Upgrade with a 101.",
        _NO_101,
    ),
    absent(
        "7.8",
        "MUST",
        "List several protocols of a 101 in the order of their layers.",
        _NO_101,
    ),
    held(
        "7.8",
        "MUST NOT",
        "Switch to a protocol that the client did not name.",
        "test_conformance_connections.py::test_an_upgrade_is_never_taken",
    ),
    absent(
        "7.8",
        "MUST",
        "Send Upgrade with a 426.",
        _NO_426,
    ),
    held(
        "7.8",
        "MUST NOT",
        "Switch to a protocol that cannot honor the request.",
        "test_conformance_connections.py::test_an_upgrade_is_never_taken",
        "test_conformance_connections.py::test_the_body_of_a_request_that_upgrades_is_read",
    ),
    absent(
        "7.8",
        "MUST",
        "Name Upgrade in Connection where it is sent.",
        "Upgrade is never sent.",
    ),
    held(
        "7.8",
        "MUST",
        "Ignore Upgrade in HTTP/1.0.",
        "test_conformance_connections.py::test_an_upgrade_is_never_taken",
    ),
    held(
        "7.8",
        "MUST",
        "Send 100 before a 101 to a client that waits for both.",
        "test_conformance_connections.py::test_an_upgrade_with_an_expectation_is_continued_and_never_switched",
    ),
)
