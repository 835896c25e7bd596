"""What each route needs, written by hand: a route that is declared with less differs from this table."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.access.permissions import Permission

_OPERATIONS: Mapping[Permission, str] = {
    Permission.PUBLIC: """
        get_home get_docs get_docs_file get_openapi get_dialects_openapi get_health get_readiness list_problems
        get_problem list_events get_event get_availability stream_event list_seats find_seat_map get_seat_map
        place_hold get_hold change_hold extend_hold release_hold confirm_hold get_booking change_booking cancel_booking
        exchange_booking
        list_tickets reissue_ticket get_ticket_keys get_tickets_pdf get_event_calendar get_booking_calendar
        get_apple_pass get_google_wallet_link get_presentation get_poster use_ticket_link
        request_booking_link use_booking_link
        issue_token get_public_keys book_book box_office_place_hold box_office_get_event instant_list_shows
        sign_in sign_out sign_out_everywhere get_me change_me sign_up confirm_account confirm_address
        list_sessions end_session
        request_password_reset reset_password request_sign_in_link use_sign_in_link set_up accept_invitation
        list_passkeys begin_passkey add_passkey rename_passkey remove_passkey begin_passkey_sign_in sign_in_with_passkey
        get_second_factor enrol_second_factor confirm_second_factor renew_recovery_codes remove_second_factor
    """,
    Permission.EVENTS_READ: """
        list_organisations get_organisation
        list_blocks list_holds get_sales get_seat_history list_notices list_seat_maps get_stored_seat_map get_metrics
    """,
    Permission.EVENTS_WRITE: """
        create_event change_event publish_event cancel_event stop_sales resume_sales block_admissions lift_block
        create_seat_map add_seat_map_version box_office_create_event instant_create_show ticketing_create_show
        ticketing_create_seats change_door change_presentation put_poster delete_poster
        preview_message send_message list_messages
    """,
    Permission.SALES_WRITE: """
        release_hold_as_staff arena_list_seats arena_reserve_seat arena_confirm_seat reservations_hold_seat
        reservations_confirm_reservation reservations_release_reservation ticketing_create_user ticketing_list_seats
        ticketing_get_availability
    """,
    Permission.BOOKINGS_READ: "list_bookings list_attendees get_attendees_csv get_attendees_workbook",
    Permission.BOOKINGS_CANCEL: "mail_booking transfer_booking",
    Permission.CHECKINS_WRITE: "check_ticket record_check_ins list_check_ins get_check_in_list get_door",
    Permission.KEYS_WRITE: "create_key list_keys get_key rotate_key revoke_key",
    Permission.WEBHOOKS_WRITE: """
        create_webhook list_webhooks get_webhook change_webhook delete_webhook rotate_webhook test_webhook
        list_deliveries retry_delivery
    """,
    Permission.SETTINGS_WRITE: "change_organisation",
    Permission.STAFF_WRITE: "list_mail list_members change_member remove_member invite_member",
    Permission.AUDIT_READ: "list_audit_entries",
}

NEEDED = {operation: permission for permission, names in _OPERATIONS.items() for operation in names.split()}
"""The permission of each operation. PUBLIC: anyone, and a hold's token decides about holds and bookings."""


def needed(operation: str) -> Permission:
    """Return what an operation needs. A dialect's second spelling of a path needs the same.

    A new route counts as public until it has its line: a test of its own asks for that.
    """
    return NEEDED.get(operation.removesuffix("_too"), Permission.PUBLIC)
