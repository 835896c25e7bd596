"""RFC 9457 (problem details): what it demands of a server that sends them."""

from __future__ import annotations

from scenarios.wire.requirement import Requirement, absent, differs, held

__all__ = ["RFC_9457"]

RFC_9457: tuple[Requirement, ...] = (
    held(
        "3.1.1",
        "SHOULD",
        "Give `type` an absolute URI when possible.",
        "test_conformance_problems.py::test_type_and_instance_are_uri_references",
        "test_below_a_prefix.py::test_with_a_public_address_the_type_is_absolute",
    ),
    differs(
        "3.1.1",
        "SHOULD",
        "Give a relative `type` its full path.",
        "Without a public address, the server does not know the path prefix of a proxy. A reference relative to the "
        "request keeps it.",
    ),
    held(
        "3.1.1",
        "SHOULD",
        "Serve documentation under the URI of a type.",
        "test_below_a_prefix.py::test_every_type_leads_to_its_page",
        "tests/docs/test_pages.py::test_every_code_has_a_page",
    ),
    held(
        "3.1.2",
        "MUST",
        "Give `status` the status of the answer.",
        "test_conformance_problems.py::test_a_refusal_is_a_problem",
        "test_conformance_problems.py::test_every_member_has_its_type",
        "test_conformance_problems.py::test_the_status_of_a_problem_is_that_of_its_answer",
        "tests/api/test_refusals.py::test_each_refusal_has_status_body_and_documentation",
    ),
    held(
        "3.1.3",
        "SHOULD NOT",
        "Change `title` from one occurrence to the next.",
        "test_conformance_problems.py::test_one_type_has_one_title_and_one_status",
    ),
    differs(
        "3.1.5",
        "SHOULD",
        "Give `instance` an absolute URI.",
        "It is the id of the request, as in `X-Request-Id`: a relative reference that nobody can resolve.",
    ),
    held(
        "3.2",
        "SHOULD",
        "Name further members with three or more letters, digits and underscores.",
        "test_conformance_problems.py::test_the_names_of_further_members_can_be_written_in_other_formats",
    ),
    held(
        "4",
        "MUST",
        "Document the URI of each new type.",
        "tests/docs/test_reference.py::test_every_error_is_documented_with_status_and_remedy",
    ),
    held(
        "4",
        "MUST",
        "Document the title of each new type.",
        "tests/api/test_refusals.py::test_each_refusal_has_status_body_and_documentation",
        "tests/tidy/test_house_rules.py::test_codes_of_errors_are_snake_case_and_each_has_a_title_and_a_status",
    ),
    held(
        "4",
        "MUST",
        "Document the status of each new type.",
        "tests/docs/test_reference.py::test_every_error_is_documented_with_status_and_remedy",
    ),
    absent(
        "B",
        "MUST",
        "Use one namespace for further members in XML.",
        "Problems are JSON alone.",
    ),
)
