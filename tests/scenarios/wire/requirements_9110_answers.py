"""RFC 9110 (HTTP semantics), sections 11 to 16: credentials, conditions and statuses."""

from __future__ import annotations

from scenarios.wire.requirement import Requirement, absent, held

__all__ = ["RFC_9110_ANSWERS"]

_NO_DATES = "No resource has a modification date, so that the condition is always ignored."
_NO_RANGES = "No resource has ranges: Range is ignored, and no answer is 206."

RFC_9110_ANSWERS: tuple[Requirement, ...] = (
    # Authentication
    held(
        "11.2",
        "MUST",
        "Send each parameter of a challenge once.",
        "test_conformance_answers.py::test_every_401_has_a_challenge_whose_parameters_come_once",
    ),
    held(
        "11.5",
        "MUST",
        "Send the realm as a quoted string.",
        "test_conformance_answers.py::test_every_value_is_of_the_grammar_of_its_field",
        "test_conformance_answers.py::test_every_401_has_a_challenge_whose_parameters_come_once",
    ),
    held(
        "11.6.1",
        "MUST",
        "Send WWW-Authenticate with a 401.",
        "test_conformance_answers.py::test_every_401_has_a_challenge_whose_parameters_come_once",
        "tests/http/test_problems.py::test_a_status_has_its_required_header",
    ),
    # Negotiation
    absent(
        "12.4.2",
        "MUST NOT",
        "Send a weight with more than three digits.",
        "No weight is sent.",
    ),
    held(
        "12.5.3",
        "MUST NOT",
        "Send Accept-Encoding with a 415 that is about something else.",
        "test_conformance_answers.py::test_a_415_names_no_codings_where_the_type_was_wrong",
    ),
    held(
        "12.5.3",
        "SHOULD",
        "Send no coding that the client does not accept.",
        "test_conformance_semantics.py::test_a_coding_that_is_not_accepted_is_not_sent",
    ),
    held(
        "12.5.5",
        "SHOULD",
        "Name in Vary what an answer that may be cached was chosen by.",
        "test_conformance_answers.py::test_an_answer_that_was_negotiated_says_by_what",
    ),
    # If-Match
    held(
        "13.1.1",
        "MUST",
        "Compare strongly for If-Match.",
        "test_conformance_conditions.py::test_if_match_compares_strongly",
    ),
    held(
        "13.1.1",
        "MUST",
        "Evaluate If-Match before a representation is read.",
        "test_conformance_conditions.py::test_a_read_under_another_state_is_412",
        "test_conformance_conditions.py::test_a_read_under_the_same_state_is_done",
    ),
    held(
        "13.1.1",
        "MUST",
        "Evaluate If-Match before something is changed.",
        "test_conformance_conditions.py::test_a_write_under_a_state_that_cannot_be_is_not_done",
        "test_conformance_conditions.py::test_a_write_under_any_state_is_done",
    ),
    held(
        "13.1.1",
        "MUST NOT",
        "Perform a method whose If-Match is false.",
        "test_conformance_conditions.py::test_a_write_under_a_state_that_cannot_be_is_not_done",
    ),
    # If-None-Match
    held(
        "13.1.2",
        "MUST",
        "Compare weakly for If-None-Match.",
        "test_conformance_conditions.py::test_a_known_state_is_304_by_weak_comparison",
        "tests/http/test_layer_answers.py::test_a_known_state_is_304",
    ),
    held(
        "13.1.2",
        "MUST",
        "Evaluate If-None-Match where the resource has an entity tag.",
        "test_conformance_conditions.py::test_a_known_state_is_304_by_weak_comparison",
        "test_conformance_conditions.py::test_any_state_matches_an_asterisk",
        "test_conformance_conditions.py::test_another_state_is_sent",
        "tests/api/test_availability.py::test_an_unchanged_state_is_304",
    ),
    held(
        "13.1.2",
        "MUST",
        "Evaluate `If-None-Match: *` where the resource has no entity tag.",
        "test_conformance_conditions.py::test_any_state_matches_an_asterisk_also_without_a_tag",
    ),
    held(
        "13.1.2",
        "MUST NOT",
        "Perform a method whose If-None-Match is false.",
        "test_conformance_conditions.py::test_a_write_under_no_state_is_not_done",
    ),
    held(
        "13.1.2",
        "MUST",
        "Answer GET and HEAD with 304 where If-None-Match is false.",
        "test_conformance_conditions.py::test_a_known_state_is_304_by_weak_comparison",
    ),
    held(
        "13.1.2",
        "MUST",
        "Answer other methods with 412 where If-None-Match is false.",
        "test_conformance_conditions.py::test_a_write_under_no_state_is_not_done",
    ),
    # Conditions on dates
    held(
        "13.1.3",
        "MUST",
        "Ignore If-Modified-Since beside If-None-Match.",
        "test_conformance_conditions.py::test_a_date_never_outweighs_a_tag",
    ),
    held(
        "13.1.3",
        "MUST",
        "Ignore an invalid If-Modified-Since, a list of dates, and one with another method.",
        "test_conformance_conditions.py::test_conditions_on_dates_are_ignored_where_nothing_has_one",
    ),
    held(
        "13.1.3",
        "MUST",
        "Ignore If-Modified-Since where the resource has no modification date.",
        "test_conformance_conditions.py::test_conditions_on_dates_are_ignored_where_nothing_has_one",
    ),
    absent(
        "13.1.3",
        "MUST",
        "Read If-Modified-Since by the clock of the server.",
        _NO_DATES,
    ),
    held(
        "13.1.4",
        "MUST",
        "Ignore If-Unmodified-Since beside If-Match.",
        "test_conformance_conditions.py::test_a_date_never_outweighs_a_tag",
    ),
    held(
        "13.1.4",
        "MUST",
        "Ignore an invalid If-Unmodified-Since, and a list of dates.",
        "test_conformance_conditions.py::test_conditions_on_dates_are_ignored_where_nothing_has_one",
    ),
    held(
        "13.1.4",
        "MUST",
        "Ignore If-Unmodified-Since where the resource has no modification date.",
        "test_conformance_conditions.py::test_conditions_on_dates_are_ignored_where_nothing_has_one",
    ),
    absent(
        "13.1.4",
        "MUST",
        "Read If-Unmodified-Since by the clock of the server.",
        _NO_DATES,
    ),
    absent(
        "13.1.4",
        "MUST",
        "Evaluate If-Unmodified-Since before the method is performed.",
        _NO_DATES,
    ),
    absent(
        "13.1.4",
        "MUST NOT",
        "Perform a method whose If-Unmodified-Since is false.",
        _NO_DATES,
    ),
    # If-Range
    held(
        "13.1.5",
        "MUST",
        "Ignore If-Range without Range.",
        "test_conformance_conditions.py::test_if_range_is_ignored",
    ),
    held(
        "13.1.5",
        "MUST",
        "Ignore If-Range where the resource has no ranges.",
        "test_conformance_conditions.py::test_if_range_is_ignored",
    ),
    absent(
        "13.1.5",
        "MUST",
        "Evaluate If-Range before the method is performed.",
        _NO_RANGES,
    ),
    held(
        "13.1.5",
        "MUST",
        "Ignore Range where If-Range is false.",
        "test_conformance_conditions.py::test_if_range_is_ignored",
    ),
    # Evaluation
    held(
        "13.2.1",
        "MUST",
        "Evaluate conditions behind the other checks and before the method is performed.",
        "test_conformance_conditions.py::test_a_condition_changes_no_refusal",
        "test_conformance_conditions.py::test_a_write_under_a_state_that_cannot_be_is_not_done",
    ),
    held(
        "13.2.1",
        "MUST",
        "Ignore conditions where the answer without them is neither 2xx nor 412.",
        "test_conformance_conditions.py::test_a_condition_changes_no_refusal",
    ),
    held(
        "13.2.1",
        "MUST",
        "Ignore conditions of CONNECT, OPTIONS and TRACE.",
        "test_conformance_conditions.py::test_a_condition_means_nothing_to_a_method_that_selects_nothing",
    ),
    held(
        "13.2.2",
        "MUST",
        "Evaluate If-Match before If-None-Match, and entity tags before dates.",
        "test_conformance_conditions.py::test_if_match_is_asked_before_if_none_match",
        "test_conformance_conditions.py::test_a_date_never_outweighs_a_tag",
    ),
    # Ranges
    held(
        "14.1.2",
        "MUST",
        "Read large numbers of a range without an overflow.",
        "test_conformance_conditions.py::test_a_range_is_ignored",
    ),
    held(
        "14.2",
        "MUST",
        "Ignore Range with a method that has no ranges.",
        "test_conformance_conditions.py::test_a_range_is_ignored_by_other_methods",
    ),
    held(
        "14.2",
        "MUST",
        "Ignore Range with a unit that is not known.",
        "test_conformance_conditions.py::test_a_range_is_ignored",
    ),
    held(
        "14.4",
        "MUST",
        "Ignore Content-Range in a request whose method has no use for it.",
        "test_conformance_conditions.py::test_a_content_range_of_a_request_is_ignored",
    ),
    # Statuses
    held(
        "15.2",
        "MUST NOT",
        "Send a 1xx to a client of HTTP/1.0.",
        "test_conformance_connections.py::test_an_http_1_0_client_never_sees_a_continue",
    ),
    absent(
        "15.2.2",
        "MUST",
        "Name the new protocol in the Upgrade of a 101.",
        "No answer is 101.",
    ),
    absent(
        "15.3.6",
        "MUST NOT",
        "Send a body with a 205.",
        "No answer is 205.",
    ),
    absent(
        "15.3.7",
        "MUST",
        "Send with a 206 the validators, Date, Vary and cache fields of its 200.",
        _NO_RANGES,
    ),
    absent(
        "15.3.7",
        "MUST",
        "Send with a 206 all fields of its representation.",
        _NO_RANGES,
    ),
    absent(
        "15.3.7.1",
        "MUST",
        "Send Content-Range with a 206 of one part.",
        _NO_RANGES,
    ),
    absent(
        "15.3.7.2",
        "MUST",
        "Send several parts as `multipart/byteranges` with a boundary.",
        _NO_RANGES,
    ),
    absent(
        "15.3.7.2",
        "MUST NOT",
        "Send Content-Range in the header of a 206 of several parts.",
        _NO_RANGES,
    ),
    absent(
        "15.3.7.2",
        "MUST",
        "Send Content-Range within each part of a 206.",
        _NO_RANGES,
    ),
    absent(
        "15.3.7.2",
        "MUST NOT",
        "Send several parts where one range was asked for.",
        _NO_RANGES,
    ),
    held(
        "15.4.5",
        "MUST",
        "Send with a 304 the ETag of its 200.",
        "test_conformance_conditions.py::test_a_304_has_the_fields_that_its_200_has",
    ),
    held(
        "15.4.5",
        "MUST",
        "Send with a 304 the Date of its 200.",
        "test_conformance_conditions.py::test_a_304_has_the_fields_that_its_200_has",
        "test_conformance_answers.py::test_every_answer_has_one_date",
    ),
    held(
        "15.4.5",
        "MUST",
        "Send with a 304 the Vary of its 200.",
        "test_conformance_conditions.py::test_a_304_has_the_fields_that_its_200_has",
    ),
    held(
        "15.4.5",
        "MUST",
        "Send with a 304 the Cache-Control and Expires of its 200.",
        "test_conformance_conditions.py::test_a_304_has_the_fields_that_its_200_has",
    ),
    held(
        "15.4.5",
        "MUST",
        "Send with a 304 the Content-Location of its 200.",
        "test_conformance_conditions.py::test_a_304_has_the_fields_that_its_200_has",
    ),
    held(
        "15.5.2",
        "MUST",
        "Send with a 401 a challenge that fits the target.",
        "test_conformance_answers.py::test_every_401_has_a_challenge_whose_parameters_come_once",
    ),
    held(
        "15.5.6",
        "MUST",
        "Name in the Allow of a 405 the methods that the target supports.",
        "test_conformance_answers.py::test_a_405_allows_the_methods_that_the_target_has",
    ),
    absent(
        "15.5.22",
        "MUST",
        "Send Upgrade with a 426.",
        "No answer is 426.",
    ),
    # Extensions
    held(
        "16.4.2",
        "MUST",
        "Give a new scheme of authentication all that it needs in each request.",
        "test_conformance_heads.py::test_two_requests_of_one_connection_are_two_strangers",
        "tests/access/test_permissions.py::test_a_hold_token_is_accepted_in_either_header",
    ),
    absent(
        "16.4.2",
        "MUST NOT",
        "Give a new scheme a realm that means something else.",
        "The scheme `Hold` has no realm.",
    ),
)
