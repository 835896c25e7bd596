"""AsyncClient: Holdfast's API for programs on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx2

from holdfast_client import (
    access,
    audit,
    catalogue,
    delivery,
    door,
    inventory,
    keys,
    presentations,
    sales,
    seat_maps,
    tickets,
)
from holdfast_client.calls import Answer, Call, EventRef
from holdfast_client.errors import HoldfastError
from holdfast_client.models import Change, Page, Snapshot
from holdfast_client.retrying import Outcome, Pause, Retries, Send, attempts
from holdfast_client.streaming import Following
from holdfast_client.transport import (
    EVERY_PAGE,
    STREAM_TIMEOUT,
    Settings,
    answer_of,
    as_method,
    request_of,
    with_valid_proxies,
)

T = TypeVar("T")
P = ParamSpec("P")


def _method(build: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    async def method(client: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await client._run(build(*args, **kwargs))

    return as_method(method, build)


def _iteration(build: Callable[P, Call[Page[T]]]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]:
    async def method(client: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        while True:
            page = await client._run(build(*args, **kwargs))
            for item in page.items:
                yield item
            if page.next is None:
                return
            kwargs["cursor"] = page.next

    return as_method(method, build, prefix=EVERY_PAGE)


class AsyncClient(Settings):
    """A client of one server, with awaited calls. Tasks of one event loop may share it.

    Close it, or use it in an `async with`. Every method raises the errors of `holdfast_client.errors`.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_seconds: float = 10.0,
        retries: Retries | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(url, api_key, timeout_seconds=timeout_seconds, retries=retries)
        with with_valid_proxies():
            self._http = httpx2.AsyncClient(**self._options(), transport=transport)

    create_event = _method(catalogue.create_event)
    get_event = _method(catalogue.get_event)
    list_events = _method(catalogue.list_events)
    iterate_events = _iteration(catalogue.list_events)
    change_event = _method(catalogue.change_event)
    publish_event = _method(catalogue.publish_event)
    cancel_event = _method(catalogue.cancel_event)
    stop_sales = _method(catalogue.stop_sales)
    resume_sales = _method(catalogue.resume_sales)
    get_me = _method(access.get_me)
    sign_up = _method(access.sign_up)
    sign_in = _method(access.sign_in)
    renew_tokens = _method(access.renew_tokens)
    create_key = _method(keys.create_key)
    list_keys = _method(keys.list_keys)
    iterate_keys = _iteration(keys.list_keys)
    get_key = _method(keys.get_key)
    rotate_key = _method(keys.rotate_key)
    revoke_key = _method(keys.revoke_key)
    get_health = _method(catalogue.get_health)
    get_readiness = _method(catalogue.get_readiness)

    get_availability = _method(inventory.get_availability)
    list_seats = _method(inventory.list_seats)
    get_packed_seats = _method(inventory.get_packed_seats)
    get_seat_map = _method(inventory.get_seat_map)
    list_seat_changes = _method(inventory.list_seat_changes)
    iterate_seat_changes = _iteration(inventory.list_seat_changes)
    get_sales = _method(inventory.get_sales)
    block_admissions = _method(inventory.block_admissions)
    create_seat_map = _method(seat_maps.create_seat_map)
    list_seat_maps = _method(seat_maps.list_seat_maps)
    iterate_seat_maps = _iteration(seat_maps.list_seat_maps)
    get_stored_seat_map = _method(seat_maps.get_stored_seat_map)
    add_seat_map_version = _method(seat_maps.add_seat_map_version)
    list_blocks = _method(inventory.list_blocks)
    iterate_blocks = _iteration(inventory.list_blocks)
    lift_block = _method(inventory.lift_block)

    create_webhook = _method(delivery.create_webhook)
    list_webhooks = _method(delivery.list_webhooks)
    get_webhook = _method(delivery.get_webhook)
    change_webhook = _method(delivery.change_webhook)
    delete_webhook = _method(delivery.delete_webhook)
    rotate_webhook = _method(delivery.rotate_webhook)
    test_webhook = _method(delivery.test_webhook)
    list_deliveries = _method(delivery.list_deliveries)
    iterate_deliveries = _iteration(delivery.list_deliveries)
    retry_delivery = _method(delivery.retry_delivery)
    list_notices = _method(delivery.list_notices)
    preview_message = _method(delivery.preview_message)
    send_message = _method(delivery.send_message)
    list_messages = _method(delivery.list_messages)
    list_mail = _method(delivery.list_mail)
    iterate_mail = _iteration(delivery.list_mail)
    list_audit_entries = _method(audit.list_audit_entries)
    iterate_audit_entries = _iteration(audit.list_audit_entries)

    place_hold = _method(sales.place_hold)
    get_hold = _method(sales.get_hold)
    change_hold = _method(sales.change_hold)
    extend_hold = _method(sales.extend_hold)
    release_hold = _method(sales.release_hold)
    list_holds = _method(sales.list_holds)
    iterate_holds = _iteration(sales.list_holds)
    release_hold_as_staff = _method(sales.release_hold_as_staff)
    confirm_hold = _method(sales.confirm_hold)
    get_booking = _method(sales.get_booking)
    list_bookings = _method(sales.list_bookings)
    iterate_bookings = _iteration(sales.list_bookings)
    request_booking_link = _method(sales.request_booking_link)
    use_booking_link = _method(sales.use_booking_link)
    change_booking = _method(sales.change_booking)
    cancel_booking = _method(sales.cancel_booking)
    exchange_booking = _method(sales.exchange_booking)
    transfer_booking = _method(sales.transfer_booking)
    mail_booking = _method(sales.mail_booking)
    get_presentation = _method(presentations.get_presentation)
    change_presentation = _method(presentations.change_presentation)
    get_poster = _method(presentations.get_poster)
    put_poster = _method(presentations.put_poster)
    delete_poster = _method(presentations.delete_poster)
    list_tickets = _method(tickets.list_tickets)
    iterate_tickets = _iteration(tickets.list_tickets)
    get_tickets_pdf = _method(tickets.get_tickets_pdf)
    list_attendees = _method(tickets.list_attendees)
    iterate_attendees = _iteration(tickets.list_attendees)
    get_attendees_csv = _method(tickets.get_attendees_csv)
    get_attendees_workbook = _method(tickets.get_attendees_workbook)
    get_apple_pass = _method(tickets.get_apple_pass)
    get_google_wallet_link = _method(tickets.get_google_wallet_link)
    get_booking_calendar = _method(tickets.get_booking_calendar)
    get_event_calendar = _method(tickets.get_event_calendar)
    reissue_ticket = _method(tickets.reissue_ticket)
    use_ticket_link = _method(tickets.use_ticket_link)
    check_ticket = _method(tickets.check_ticket)
    record_check_ins = _method(door.record_check_ins)
    list_check_ins = _method(door.list_check_ins)
    iterate_check_ins = _iteration(door.list_check_ins)
    get_check_in_list = _method(door.get_check_in_list)
    get_door = _method(door.get_door)
    change_door = _method(door.change_door)

    async def stream(
        self, event: EventRef, *, last_event_id: str | None = None
    ) -> AsyncIterator[Snapshot | Change]:
        """Yield an event's stream without end: a snapshot, or the changes since `last_event_id`; then each net change.

        A lost connection is opened again and resumed at the last message, as long as `retries` allow.
        """
        following = Following(event, self._retries, last_event_id)
        while True:
            ended: Outcome = None
            request = request_of(self._http, following.call(), STREAM_TIMEOUT)
            try:
                response = await self._http.send(request, stream=True)
                self._was_reached = True
                try:
                    if response.status_code == 200:
                        async for sent in httpx2.EventSource(response):
                            message = following.take(sent)
                            if message is not None:
                                yield message
                    else:
                        await response.aread()
                        ended = answer_of(response)
                finally:
                    await response.aclose()
            except httpx2.RequestError as error:
                ended = self._failure(error)
            await asyncio.sleep(following.pause_seconds(ended))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self, call: Call[T]) -> T:
        steps = attempts(call, self._retries_of(call), timeout_seconds=self._timeout_seconds)
        outcome: Outcome = None
        try:
            while True:
                match steps.send(outcome):
                    case Send() as send:
                        outcome = await self._send(send)
                    case Pause(seconds):
                        await asyncio.sleep(seconds)
                        outcome = None
        except StopIteration as done:
            result: T = done.value
            return result

    async def _send(self, send: Send) -> Answer | HoldfastError:
        request = request_of(self._http, send.call, send.timeout_seconds)
        try:
            response = await self._http.send(request, follow_redirects=send.call.follows_redirect)
        except httpx2.RequestError as error:
            return self._failure(error)
        self._was_reached = True
        return answer_of(response)
