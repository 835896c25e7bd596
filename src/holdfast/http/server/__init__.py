"""Server: HTTP/1.1 over httptools and uvloop, with a state, a deadline and a limit for everything.

`connection.py` is the state machine; docs/concepts/connections.md draws it. Nothing here knows the API: any ASGI
application can be served.
"""
