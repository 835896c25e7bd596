"""Wallets of the settings: what the server has of each wallet's company, from the files that the settings name."""

from __future__ import annotations

from email.utils import parseaddr

import structlog

from holdfast.app.settings import Settings
from holdfast.tickets.wallets.google_wallet import load_wallet_account
from holdfast.tickets.wallets.pass_certificate import load_pass_certificate
from holdfast.tickets.wallets.wallets import WalletSettings

__all__ = ["wallet_settings"]

log = structlog.get_logger(__name__)


def wallet_settings(settings: Settings) -> WalletSettings:
    """Return what the files have. They were checked when the settings were read.

    A certificate that has ended stops no sale: the server runs without Apple Wallet, and its log says so.
    """
    file, account, issuer = (
        settings.apple_wallet_certificate,
        settings.google_wallet_account,
        settings.google_wallet_issuer,
    )
    apple = None if file is None else load_pass_certificate(file)
    if apple is not None and not apple.is_valid():
        log.warning("apple_wallet_off", reason="the certificate has ended", ended=apple.ends_at.isoformat())
    return WalletSettings(
        apple=apple,
        google=None if account is None or issuer is None else load_wallet_account(account, issuer),
        seller=parseaddr(settings.mail_from)[0] or "Holdfast",
    )
