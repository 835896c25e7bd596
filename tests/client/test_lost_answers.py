"""Lost answers: the same key is sent again, and each call runs once."""

from __future__ import annotations

import itertools

import pytest

from holdfast_client import AsyncClient, Client, Quantity, Retries, errors
from support.lossy_proxy import Loss, LossyProxy

QUICK = Retries(first_pause_seconds=0.001, longest_pause_seconds=0.01)


@pytest.mark.parametrize("losses", [[Loss.ANSWER], [Loss.HALF], [Loss.REQUEST, Loss.ANSWER, Loss.HALF]])
def test_lost_answers_are_retried_and_calls_run_once(
    proxy: LossyProxy, client: Client, losses: list[Loss]
) -> None:
    """One event, one hold and one booking, and one key for all attempts of each."""
    with Client(proxy.url, retries=QUICK) as unlucky:
        proxy.losses.extend(losses)
        event = unlucky.create_event("Concert", capacity=10)
        proxy.losses.extend(losses)
        hold = unlucky.place_hold(event, Quantity(2))
        proxy.losses.extend(losses)
        booking = unlucky.confirm_hold(hold)
    attempts = [list(group) for _, group in itertools.groupby(proxy.keys)]
    assert [len(group) for group in attempts] == [len(losses) + 1] * 3
    assert all(len(key) >= 22 for key in proxy.keys)
    assert [one.id for one in client.iterate_events()] == [event.id]
    assert [one.id for one in client.iterate_holds(event)] == [hold.id]
    assert [one.id for one in client.iterate_bookings(event=event)] == [booking.id]
    assert client.get_availability(event).booked == 2


async def test_the_async_client_retries_too(proxy: LossyProxy, client: Client) -> None:
    event = client.create_event("Concert", capacity=10)
    async with AsyncClient(proxy.url, retries=QUICK) as unlucky:
        proxy.losses.extend([Loss.ANSWER, Loss.REQUEST, Loss.HALF])
        hold = await unlucky.place_hold(event, Quantity(2))
    assert len(proxy.keys) == 4
    assert len(set(proxy.keys)) == 1
    assert client.get_availability(event).held == hold.quantity == 2


def test_a_failed_call_can_be_repeated_with_its_key(proxy: LossyProxy, client: Client) -> None:
    event = client.create_event("Concert", capacity=10)
    with Client(proxy.url, retries=Retries(total_seconds=0)) as impatient:
        proxy.losses.append(Loss.ANSWER)
        with pytest.raises(errors.Unreachable) as lost:
            impatient.place_hold(event, Quantity(2))
    hold = client.place_hold(event, Quantity(2), idempotency_key=lost.value.idempotency_key)
    assert hold.hold_token is not None
    assert client.get_availability(event).held == 2


def test_a_change_with_a_lost_answer_is_not_retried(proxy: LossyProxy, client: Client) -> None:
    event = client.create_event("Concert", capacity=10)
    proxy.lossy_methods = ("PATCH",)
    proxy.losses.append(Loss.ANSWER)
    with Client(proxy.url, retries=QUICK) as unlucky, pytest.raises(errors.Unreachable):
        unlucky.change_event(event, capacity=11)
    assert len(proxy.passed) == 1
    assert client.get_event(event).capacity == 11
