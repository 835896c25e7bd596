"""Webhooks on the command line, which also works where every API key is closed to them."""

from __future__ import annotations

from uuid import uuid4

from support.commands import Run

URL = "https://shop.example/hook"


def test_a_webhook_is_registered_changed_and_tried(holdfast: Run) -> None:
    made = holdfast("webhook", "create", URL, "--kind", "booking.confirmed", "--json").json
    assert made["secret"].startswith("whsec_")
    assert (made["status"], made["kinds"]) == ("enabled", ["booking.confirmed"])
    (listed,) = holdfast("webhook", "list", "--json").json
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert "booking.confirmed" in holdfast("webhook", "list").out
    rotated = holdfast("webhook", "rotate", made["id"], "--json").json
    assert rotated["secret"] != made["secret"]
    sent = holdfast("webhook", "test", made["id"], "--json").json["delivery"]
    (delivery,) = holdfast("webhook", "deliveries", made["id"], "--json").json
    assert (delivery["id"], delivery["type"], delivery["status"]) == (sent, "webhook.test", "due")
    assert holdfast("webhook", "disable", made["id"], "--json").json["status"] == "disabled"
    assert holdfast("webhook", "enable", made["id"], "--json").json["status"] == "enabled"
    assert "--yes" in holdfast("webhook", "delete", made["id"]).complaint
    holdfast("webhook", "delete", made["id"], "--yes")
    assert holdfast("webhook", "list", "--json").json == []


def test_a_wrong_webhook_is_refused(holdfast: Run) -> None:
    """A private address, another scheme, an unknown kind, and an id of none."""
    for url in ("http://shop.example/hook", "https://127.0.0.1/hook", "https://u:p@shop.example/", "shop"):
        assert "cannot be used" in holdfast("webhook", "create", url).complaint
    assert "booking.sold" in holdfast("webhook", "create", URL, "--kind", "booking.sold").complaint
    assert holdfast("webhook", "list", "--json").json == []
    for command in ("rotate", "test", "deliveries", "disable", "enable", "delete"):
        agreed = ["--yes"] if command == "delete" else []
        assert "webhook" in holdfast("webhook", command, uuid4(), *agreed).complaint
