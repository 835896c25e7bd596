"""Server: HTTP/1.1 over httptools and uvloop. Every state has a deadline and a limit.

`connection.py` is the state machine; docs/concepts/connections.md draws it. This package knows no API and can serve any
ASGI application.
"""
