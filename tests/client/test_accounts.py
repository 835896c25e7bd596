"""Accounts in the SDK: sign-up, sign-in with tokens, and the buyer's address that a shop passes on."""

from __future__ import annotations

import httpx2
import pytest

from holdfast_client import Client, Quantity, errors, sales

PASSWORD = "analytical engine"
EMAIL = "ada@example.org"


def account(client: Client) -> None:
    """Sign up, and use the link of the mail."""
    client.sign_up("Ada", EMAIL, PASSWORD)
    (mail,) = client.list_mail().items
    token = mail.text.partition("#")[2].split()[0]
    confirmed = httpx2.post(f"{client.url}/v1/accounts/confirm", json={"token": token})
    assert confirmed.status_code == 201, confirmed.text


def test_a_program_acts_for_an_account(client: Client) -> None:
    account(client)
    tokens = client.sign_in(EMAIL, PASSWORD)
    assert (tokens.scope, tokens.expires_in) == ("account", 600)
    assert tokens.access_token not in repr(tokens)
    with Client(client.url, tokens.access_token) as ada:
        me = ada.get_me()
        assert me.principal.startswith("account:")
        event = client.create_event("Concert", capacity=5)
        hold = ada.place_hold(event, Quantity(2))
        assert hold.buyer is not None
        assert hold.buyer.reference == me.principal
    following = client.renew_tokens(tokens.refresh_token or "")
    with Client(client.url, following.access_token) as ada:
        assert ada.get_me() == me
    with pytest.raises(errors.Refused, match="sign in again"):
        client.renew_tokens(tokens.refresh_token or "")
    narrowed = client.sign_in(EMAIL, PASSWORD, scope="read")
    assert narrowed.scope == "read"


def test_refusals_say_why(client: Client) -> None:
    account(client)
    with pytest.raises(errors.Refused, match="The e-mail address or the password is wrong") as refused:
        client.sign_in(EMAIL, "difference engine")
    assert refused.value.status == 400
    with pytest.raises(errors.InvalidInput, match="easy to guess"):
        client.sign_up("Eve", "eve@example.org", "password1234")


def test_a_refresh_token_is_sent_once() -> None:
    """A second attempt would look like a thief's, and end the session."""
    from holdfast_client import access

    assert not access.renew_tokens("hfr_x").repeatable
    assert access.sign_in("a", "b").repeatable


def test_the_address_of_a_buyer_reaches_the_server(client: Client) -> None:
    event = client.create_event("Concert", capacity=5)
    assert client.place_hold(event, Quantity(1), buyer_address="203.0.113.7").quantity == 1
    assert sales.place_hold(event, buyer_address="2001:db8::1").headers["buyer-address"] == "2001:db8::1"
    with pytest.raises(errors.Unsendable, match="The buyer's address"):
        client.place_hold(event, Quantity(1), buyer_address="203.0.113.7\r\nHost: x")
