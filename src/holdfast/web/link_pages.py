"""Link pages: where the links lead that a person gets by mail, or from the server's first start.

The secret of a link stands behind `#`, so a browser sends it to no server. The page's script sends it once, in the
body of the request that uses it. So no log and no proxy sees it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import page

__all__ = ["LINKS", "routes"]

routes: Routes = PageRoutes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of the form, by the name of the API's member."""

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    hint: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPage:
    """A page at `path`, whose form goes to `target`, a route of the API."""

    path: str
    target: str
    title: str
    lead: str
    button: str
    done: str
    fields: tuple[Field, ...] = ()
    is_staff: bool = False
    """Whether it leads to the organisers' pages."""


NAME = Field(name="name", label="Your name", autocomplete="name")
EMAIL = Field(name="email", label="Your e‑mail", kind="email", autocomplete="email")
NEW_PASSWORD = Field(
    name="password",
    label="A password",
    kind="password",
    autocomplete="new-password",
    hint="12 characters or more. Four words that do not belong together are good.",
)
FACTOR = Field(
    name="second_factor",
    label="Code of your authenticator app",
    autocomplete="one-time-code",
    hint="Only if your account asks for one. A recovery code works, too.",
    required=False,
)

LINKS = (
    LinkPage(
        path="/setup",
        target="v1/setup",
        title="Set up this server",
        lead="You become its first owner. Open mode ends: from then on, programs need a key, and people sign in.",
        button="Make me the owner",
        done="You are the owner of this server, and signed in.",
        fields=(NAME, EMAIL, NEW_PASSWORD),
        is_staff=True,
    ),
    LinkPage(
        path="/invitation",
        target="v1/invitations/accept",
        title="Accept the invitation",
        lead="If you have an account, give its password, and no name.",
        button="Accept",
        done="You are a member now, and signed in.",
        fields=(
            Field(name="name", label="Your name", autocomplete="name", required=False),
            NEW_PASSWORD,
            FACTOR,
        ),
        is_staff=True,
    ),
    LinkPage(
        path="/sign-up",
        target="v1/accounts/confirm",
        title="Confirm your address",
        lead="One press, and your account is ready.",
        button="Confirm my address",
        done="Your account is ready, and you are signed in.",
    ),
    LinkPage(
        path="/password",
        target="v1/password-resets/confirm",
        title="Choose another password",
        lead="It replaces the old one, and ends every session of your account.",
        button="Set the password",
        done="Your password is set.",
        fields=(NEW_PASSWORD,),
    ),
    LinkPage(
        path="/sign-in",
        target="v1/sign-in-links/use",
        title="Sign in",
        lead="The link works once.",
        button="Sign in",
        done="You are signed in.",
        fields=(
            Field(
                name="code",
                label="Code of the other browser",
                hint="Only if another browser asked for the link. It shows the code.",
                required=False,
            ),
            FACTOR,
        ),
    ),
    LinkPage(
        path="/address",
        target="v1/address-changes/confirm",
        title="Confirm your new address",
        lead="One press, and your account has this address.",
        button="Confirm my address",
        done="Your account has this address now.",
    ),
)


def _show(link: LinkPage) -> Callable[[Request], Awaitable[Reply]]:
    async def show_link(request: Request) -> Reply:
        return page(request, "link.html", link=link)

    show_link.__name__ = f"show_link{link.path.replace('/', '_').replace('-', '_')}"
    return show_link


for _link in LINKS:
    routes.get(_link.path, policy=Permission.PUBLIC, anonymous=True)(_show(_link))
