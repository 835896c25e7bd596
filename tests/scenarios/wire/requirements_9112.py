"""RFC 9112 (HTTP/1.1): what it demands of an origin server."""

from __future__ import annotations

from scenarios.wire.requirement import Requirement, absent, differs, held

__all__ = ["RFC_9112"]

_NO_204 = "No route answers 204."
_NO_TUNNEL = "CONNECT is always refused, so that it has no 2xx answer."
_NO_TLS = "The server speaks no TLS; a proxy in front of it does."

RFC_9112: tuple[Requirement, ...] = (
    # Messages
    held(
        "2.2",
        "MUST",
        "Read a message as octets, in an encoding that contains US-ASCII.",
        "test_conformance_heads.py::test_a_head_is_read_octet_by_octet",
    ),
    held(
        "2.2",
        "MUST NOT",
        "Send a bare CR outside of a body.",
        "test_conformance_answers.py::test_every_field_line_is_of_the_grammar",
        "test_conformance_answers.py::test_every_status_line_is_of_the_grammar",
    ),
    held(
        "2.2",
        "MUST",
        "Take a bare CR for invalid, or for a space.",
        "test_conformance_heads.py::test_a_bare_carriage_return_is_refused",
        "test_conformance_heads.py::test_a_value_with_nul_cr_or_lf_is_refused",
    ),
    held(
        "2.2",
        "MUST NOT",
        "Send whitespace between the status line and the first field.",
        "test_conformance_answers.py::test_every_field_line_is_of_the_grammar",
    ),
    held(
        "2.2",
        "MUST",
        "Refuse whitespace between the request line and the first field, or skip those lines.",
        "test_conformance_heads.py::test_whitespace_before_the_first_field_is_refused",
    ),
    held(
        "2.2",
        "SHOULD",
        "Ignore an empty line before a request line.",
        "test_conformance_heads.py::test_an_empty_line_before_a_request_is_ignored",
    ),
    held(
        "2.2",
        "SHOULD",
        "Answer what is no HTTP with 400, and close.",
        "test_conformance_heads.py::test_a_field_line_outside_the_grammar_is_refused",
        "test_conformance_heads.py::test_a_request_line_has_two_single_spaces",
        "test_conformance_heads.py::test_a_request_without_a_version_is_refused",
        "test_conformance_heads.py::test_a_target_outside_the_grammar_is_refused",
        "test_conformance_heads.py::test_a_version_that_is_not_spoken_here_is_refused",
    ),
    # The request line
    held(
        "3",
        "MUST",
        "Answer a target that is too long with 414.",
        "test_conformance_heads.py::test_a_target_over_the_limit_is_414",
    ),
    held(
        "3",
        "SHOULD",
        "Read request lines of 8,000 octets.",
        "test_conformance_heads.py::test_a_request_line_of_8000_octets_is_read",
    ),
    held(
        "3.2",
        "MUST",
        "Answer HTTP/1.1 without Host with 400.",
        "test_conformance_heads.py::test_http_1_1_without_a_host_is_refused",
        "test_conformance_heads.py::test_http_1_0_needs_no_host",
    ),
    held(
        "3.2",
        "MUST",
        "Answer more than one Host with 400, in any version.",
        "test_conformance_heads.py::test_two_hosts_are_refused",
    ),
    held(
        "3.2",
        "MUST",
        "Answer an invalid Host with 400, in any version.",
        "test_conformance_heads.py::test_an_invalid_host_is_refused",
        "test_conformance_heads.py::test_a_valid_host_is_accepted",
    ),
    held(
        "3.2.2",
        "MUST",
        "Accept a target in absolute form.",
        "test_conformance_heads.py::test_an_absolute_target_is_accepted",
    ),
    differs(
        "3.2.2",
        "MUST",
        "Ignore Host where the target is in absolute form, and use the target's host.",
        "A request that names two different hosts is answered 400: one of the two was meant to deceive, and the "
        "open mode trusts the host. With equal hosts, or in HTTP/1.0 without Host, the target's counts.",
    ),
    # The status line and fields
    held(
        "4",
        "MUST",
        "Send a space behind the status, also where no phrase follows.",
        "test_conformance_answers.py::test_every_status_line_is_of_the_grammar",
    ),
    held(
        "5.1",
        "MUST",
        "Answer whitespace between a field's name and its colon with 400.",
        "test_conformance_heads.py::test_whitespace_before_a_colon_is_refused",
    ),
    held(
        "5.2",
        "MUST NOT",
        "Send a folded field.",
        "test_conformance_answers.py::test_every_field_line_is_of_the_grammar",
    ),
    held(
        "5.2",
        "MUST",
        "Answer a folded field with 400, or read the fold as spaces.",
        "test_conformance_heads.py::test_a_folded_field_is_refused",
    ),
    # Transfer-Encoding
    held(
        "6.1",
        "MUST",
        "Read the chunked coding.",
        "test_conformance_framing.py::test_a_chunked_body_is_read",
        "test_conformance_framing.py::test_a_chunked_body_is_read_however_it_is_cut",
    ),
    held(
        "6.1",
        "MUST NOT",
        "Send a body that is chunked twice.",
        "test_conformance_connections.py::test_a_stream_is_chunked_in_http_1_1",
    ),
    absent(
        "6.1",
        "MUST",
        "End the codings of an answer with chunked, or its body with the connection.",
        "No answer has a transfer coding but chunked.",
    ),
    held(
        "6.1",
        "MUST NOT",
        "Send Transfer-Encoding with a 1xx.",
        "test_conformance_connections.py::test_a_continue_has_neither_length_nor_coding",
    ),
    absent(
        "6.1",
        "MUST NOT",
        "Send Transfer-Encoding with a 204.",
        _NO_204,
    ),
    absent(
        "6.1",
        "MUST NOT",
        "Send Transfer-Encoding with a 2xx to CONNECT.",
        _NO_TUNNEL,
    ),
    held(
        "6.1",
        "MUST NOT",
        "Send Transfer-Encoding to a client of HTTP/1.0.",
        "test_conformance_connections.py::test_a_stream_in_http_1_0_has_no_coding",
        "test_conformance_answers.py::test_an_answer_to_http_1_0_is_of_http_1_1_and_has_no_coding",
    ),
    held(
        "6.1",
        "MUST",
        "Close the connection after a request with both Content-Length and Transfer-Encoding.",
        "test_conformance_framing.py::test_a_length_beside_chunks_is_refused_and_closes",
    ),
    held(
        "6.1",
        "MUST",
        "Take Transfer-Encoding in HTTP/1.0 for a faulty framing, and close.",
        "test_conformance_framing.py::test_chunks_in_http_1_0_are_a_faulty_framing",
    ),
    differs(
        "6.1",
        "SHOULD",
        "Answer a transfer coding that is not known with 501.",
        "It is answered 400 and the connection closes, as for every other framing that cannot be read.",
    ),
    # The length of a body
    held(
        "6.2",
        "MUST NOT",
        "Send Content-Length beside Transfer-Encoding.",
        "test_conformance_answers.py::test_every_body_has_exactly_one_framing",
        "test_conformance_connections.py::test_a_stream_is_chunked_in_http_1_1",
    ),
    held(
        "6.3",
        "MUST",
        "Answer a request whose last coding is not chunked with 400.",
        "test_conformance_framing.py::test_a_body_whose_last_coding_is_not_chunked_is_refused",
    ),
    held(
        "6.3",
        "MUST",
        "Close the connection after such a request.",
        "test_conformance_framing.py::test_a_body_whose_last_coding_is_not_chunked_is_refused",
        "test_conformance_framing.py::test_a_second_field_of_transfer_encoding_is_refused",
        "test_conformance_framing.py::test_a_coding_that_is_not_known_is_refused",
    ),
    held(
        "6.3",
        "MUST",
        "Take an invalid Content-Length for an error that ends the connection.",
        "test_conformance_framing.py::test_an_invalid_length_is_refused_and_closes",
        "test_conformance_framing.py::test_two_lengths_are_refused",
    ),
    held(
        "6.3",
        "MUST",
        "Answer an invalid Content-Length with 400.",
        "test_conformance_framing.py::test_an_invalid_length_is_refused_and_closes",
    ),
    held(
        "6.3",
        "MUST",
        "Take a body that the client cuts short for incomplete, and close.",
        "test_conformance_framing.py::test_a_body_that_the_client_cuts_short_is_not_acted_on",
    ),
    held(
        "6.3",
        "MUST",
        "Take a body that does not come in time for incomplete, and close.",
        "test_conformance_framing.py::test_a_body_that_does_not_come_is_408_and_closes",
    ),
    # Chunks
    held(
        "7.1",
        "MUST",
        "Decode the chunked coding.",
        "test_conformance_framing.py::test_a_chunked_body_is_read",
        "test_conformance_framing.py::test_a_chunk_outside_the_grammar_is_refused_and_closes",
    ),
    held(
        "7.1",
        "MUST",
        "Read large chunk sizes without an overflow.",
        "test_conformance_framing.py::test_a_large_chunk_size_never_wraps_around",
    ),
    held(
        "7.1.1",
        "MUST",
        "Ignore chunk extensions that are not known.",
        "test_conformance_framing.py::test_a_chunk_extension_is_ignored",
        "test_conformance_framing.py::test_bad_whitespace_in_a_chunk_extension_is_read_over",
    ),
    absent(
        "7.1.2",
        "MUST",
        "Keep trailer fields that are kept apart from the header, or merge them safely.",
        "No trailer field is kept.",
    ),
    held(
        "7.1.2",
        "MUST NOT",
        "Merge a trailer field into the header where its definition does not allow it.",
        "test_conformance_framing.py::test_a_trailer_never_becomes_a_header",
        "test_conformance_framing.py::test_credentials_in_a_trailer_change_nothing",
    ),
    # Connections
    held(
        "9.3",
        "MUST",
        "Send `close` with every answer, or keep connections that did not ask for the end.",
        "test_conformance_connections.py::test_a_connection_is_kept_without_being_asked",
    ),
    held(
        "9.3",
        "MUST",
        "Read the whole body of a request, or close the connection after its answer.",
        "test_conformance_connections.py::test_a_body_that_nobody_wanted_is_never_the_next_request",
        "test_conformance_connections.py::test_a_chunked_body_that_nobody_wanted_is_never_the_next_request",
        "test_conformance_framing.py::test_a_body_of_get_is_no_second_request",
    ),
    held(
        "9.3.2",
        "MUST",
        "Answer pipelined requests in their order.",
        "test_conformance_connections.py::test_pipelined_requests_are_answered_in_their_order",
        "test_conformance_framing.py::test_a_request_without_framing_has_no_body",
    ),
    held(
        "9.6",
        "MUST",
        "Close the connection after the answer to a request with `close`.",
        "test_conformance_connections.py::test_after_a_close_of_the_client_nothing_is_processed",
    ),
    held(
        "9.6",
        "MUST NOT",
        "Process a request behind one with `close`.",
        "test_conformance_connections.py::test_after_a_close_of_the_client_nothing_is_processed",
    ),
    held(
        "9.6",
        "MUST",
        "Close the connection after an answer with `close`.",
        "test_conformance_connections.py::test_after_a_close_of_the_server_nothing_is_processed",
        "test_conformance_connections.py::test_an_http_1_0_connection_ends_with_its_answer",
        "test_conformance_answers.py::test_an_answer_after_which_the_connection_ends_says_so",
    ),
    held(
        "9.6",
        "MUST NOT",
        "Process a request behind an answer with `close`.",
        "test_conformance_connections.py::test_after_a_close_of_the_server_nothing_is_processed",
    ),
    absent(
        "9.7",
        "MUST",
        "Send everything as application data of TLS.",
        _NO_TLS,
    ),
    absent(
        "9.8",
        "MUST",
        "Try to exchange closure alerts before a connection of TLS is closed.",
        _NO_TLS,
    ),
    absent(
        "10.1",
        "MUST",
        "Read folds in `message/http` as spaces.",
        "That media type is never read.",
    ),
)
