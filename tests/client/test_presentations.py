"""Descriptions and posters through the SDK, on a real server."""

from __future__ import annotations

import pytest

from holdfast_client import Client
from holdfast_client.errors import NotFound
from support.pictures import a_picture


def test_a_program_describes_an_event_and_gives_it_a_poster(client: Client) -> None:
    event = client.create_event("Concert", capacity=10)
    assert client.get_presentation(event).poster is None
    described = client.change_presentation(event, "With a *talk*.")
    assert described.html == "<p>With a <em>talk</em>.</p>\n"
    poster = client.put_poster(event, a_picture("WEBP", size=(800, 450))).poster
    assert poster is not None
    assert (poster.width, poster.height) == (800, 450)
    large, small = client.get_poster(event), client.get_poster(event, small=True)
    assert large[:2] == small[:2] == b"\xff\xd8"
    assert len(small) < len(large)
    client.delete_poster(event)
    with pytest.raises(NotFound):
        client.get_poster(event)
    assert client.get_presentation(event).summary == "With a talk."
