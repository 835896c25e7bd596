"""Base: the root of the tree, its branches, and what all errors carry."""

from __future__ import annotations

from typing import Any, ClassVar

from holdfast.errors.fields import FieldError


class HoldfastError(Exception):
    """Root of the tree. `code` is stable and snake_case, `status` is the HTTP status in `/v1`.

    Each class holds its texts: `detail` is the default, and a constant in capitals is a text for a special case.
    A constant with braces is a template, which the caller fills in.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Error"
    detail: str = "The request failed: `code` says why."
    brief: ClassVar[str] = ""
    """The text for one field, if it differs from `detail`: the pointer names the place."""

    def __init__(
        self, detail: str | None = None, *, errors: tuple[FieldError, ...] = (), **facts: Any
    ) -> None:
        self.detail = detail or self.detail
        self.errors = errors
        self.facts = facts
        """Further members of the answer, for example `available`."""
        super().__init__(self.detail)

    @classmethod
    def at(cls, pointer: str, detail: str | None = None) -> FieldError:
        """Return this error as the error of one part of the input."""
        return FieldError(pointer=pointer, code=cls.code, detail=detail or cls.brief or cls.detail)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, HoldfastError)
            and type(self) is type(other)
            and (self.detail, self.errors, self.facts) == (other.detail, other.errors, other.facts)
        )

    __hash__ = Exception.__hash__


class Refusal(HoldfastError):
    """A business answer: nothing was changed, and the same request gets the same answer again."""


class NotFound(Refusal):
    status = 404


class Conflict(Refusal):
    status = 409


class Gone(Refusal):
    status = 410


class Invalid(Refusal):
    status = 422


class Fault(HoldfastError):
    """The server's failure, not the caller's. `retry_after_seconds` is sent as `Retry-After`."""

    status = 503
    retry_after_seconds: ClassVar[int] = 1

    UNEXPECTED = "The server failed: report this request id, under which its log has the failure."


def all_errors() -> dict[str, type[HoldfastError]]:
    """Return every concrete error by its code, for OpenAPI and the documentation."""
    found: dict[str, type[HoldfastError]] = {}
    waiting = [HoldfastError]
    while waiting:
        cls = waiting.pop()
        waiting.extend(cls.__subclasses__())
        if "code" in cls.__dict__ and cls is not HoldfastError:
            found.setdefault(cls.code, cls)
    return found
