"""Requirements: every MUST and MUST NOT of three RFCs that binds an origin server, with what holds it.

Left out are requirements that bind only clients, user agents, proxies, gateways, tunnels or caches, and those on
registrations. The table lists only the SHOULDs that the server follows or ignores on purpose.
"""

from __future__ import annotations

from scenarios.wire.requirement import Requirement
from scenarios.wire.requirements_9110_answers import RFC_9110_ANSWERS
from scenarios.wire.requirements_9110_messages import RFC_9110_MESSAGES
from scenarios.wire.requirements_9110_methods import RFC_9110_METHODS
from scenarios.wire.requirements_9112 import RFC_9112
from scenarios.wire.requirements_9457 import RFC_9457

__all__ = ["REQUIREMENTS", "TITLES"]

TITLES = {9110: "HTTP semantics", 9112: "HTTP/1.1", 9457: "Problem details"}

REQUIREMENTS: dict[int, tuple[Requirement, ...]] = {
    9110: (*RFC_9110_MESSAGES, *RFC_9110_METHODS, *RFC_9110_ANSWERS),
    9112: RFC_9112,
    9457: RFC_9457,
}
"""The requirements of each RFC, in the order of its sections."""
