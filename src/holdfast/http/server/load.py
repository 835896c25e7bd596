"""Load: the memory of all connections of a worker, and whether there is room for more."""

from __future__ import annotations

from holdfast.http.server.limits import ConnectionLimits

__all__ = ["Load"]


class Load:
    """Bytes that wait to be sent, and bytes of incomplete requests."""

    __slots__ = ("_limits", "_shared", "unread_bytes", "unsent_bytes")

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self.unsent_bytes = 0
        self.unread_bytes = 0
        self._shared: dict[int, int] = {}
        """The number of connections that wait to send a body, by its id. Each of them keeps the body alive."""

    def has_room_to_send(self, body: bytes) -> bool:
        return self.unsent_bytes + len(body) <= self._limits.unsent_bytes or self._shared.get(id(body), 0) > 0

    @property
    def is_read_full(self) -> bool:
        return self.unread_bytes > self._limits.unread_bytes

    def add_unsent(self, body: bytes) -> None:
        """Count a body that a connection waits to send. It counts once, even if many connections share it."""
        users = self._shared.get(id(body), 0)
        self._shared[id(body)] = users + 1
        if not users:
            self.unsent_bytes += len(body)

    def remove_unsent(self, body: bytes) -> None:
        users = self._shared[id(body)]
        if users == 1:
            del self._shared[id(body)]
            self.unsent_bytes -= len(body)
        else:
            self._shared[id(body)] = users - 1
