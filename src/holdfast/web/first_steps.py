"""First steps: how a program sells with this server, as commands to copy."""

from __future__ import annotations

from html import escape

from holdfast.access.permissions import Permission
from holdfast.api.pages import HTML, template
from holdfast.api.request import Request
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.web.page_routes import PageRoutes

__all__ = ["routes"]

routes: Routes = PageRoutes()


@routes.get("/guide", policy=Permission.PUBLIC)
async def show_first_steps(request: Request) -> Reply:
    """Show the first steps, whether open mode applies, and where to continue."""
    page = template("guide.html").substitute(
        mode=_OPEN if request.open_mode else _CLOSED,
        address=escape(_address(request)),
        key="" if request.open_mode else _KEY,
        credentials="" if request.open_mode else _CREDENTIALS,
    )
    return Reply(body=page.encode(), content_type=HTML)


_OPEN = (
    "<strong>Open mode.</strong> Programs on this machine need no credentials and may do everything. "
    "It ends with the first API key: <code>holdfast keys create</code>."
)
_CLOSED = (
    "<strong>Closed.</strong> Anyone may read events on sale, hold and book. Everything else needs an API key. "
    "Make one on the server's machine: <code>holdfast keys create &quot;box office&quot; --scope organise</code>. "
    "The command shows the key once."
)
_KEY = "\nexport HOLDFAST_API_KEY=hfk_…"
_CREDENTIALS = ' \\\n     -H "Authorization: Bearer $HOLDFAST_API_KEY"'


def _address(request: Request) -> str:
    """Return the address for the page's commands.

    In open mode the caller is on this machine, without a proxy, so its own address serves. Anyone else needs the
    public address. A proxy hides it, and `Host` may be anything, so without the setting the reader fills it in.
    """
    if request.public_url:
        return request.public_url
    if request.open_mode:
        return f"{request.scope['scheme']}://{request.header(b'host') or 'localhost:8000'}"
    return "https://…  # the address of this page"
