"""Settings: the options of a deployment, each from one environment variable that starts with `HOLDFAST_`."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from holdfast.access.principals import parse_api_key
from holdfast.app.database_url import parse_database_url
from holdfast.app.invalid_settings import OF_PLATFORMS, PREFIX, describe_error
from holdfast.app.public_url import parse_origin, parse_public_url
from holdfast.app.setting_values import (
    BookingMailMode,
    LogFormat,
    LogLevel,
    MailSender,
    SpokenLanguage,
    absolute_path,
    booking_mail_mode,
    check_certificate,
    checked_pass_certificate,
    checked_wallet_account,
    default_data_dir,
)
from holdfast.delivery.mail.smtp import parse_smtp_url
from holdfast.http.client_address import TrustedProxies
from holdfast.limits import classes
from holdfast.process.environment import clean_environment
from holdfast.process.errors import CannotStart

__all__ = [
    "PREFIX",
    "BookingMailMode",
    "LogFormat",
    "LogLevel",
    "Settings",
    "default_data_dir",
    "load_settings",
]

_NOT_SETTINGS = ("HOLDFAST_URL", "HOLDFAST_API_KEY")  # the SDK reads them in a client's environment
_NOT_SETTINGS_PREFIX = "HOLDFAST_TEST_"


class Settings(BaseSettings):
    """Each setting's name, unit, default and limits. The server does not start with an invalid one."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)

    host: str = Field(default="127.0.0.1", min_length=1, description="Address or host name to listen on.")
    port: int = Field(
        default=8000,
        ge=0,
        le=65535,
        description="TCP port to listen on; 0 takes a free one. If unset, `PORT` is read.",
    )
    public_url: str | None = Field(
        default=None,
        description="The address that the public uses, `https://…`, with its path prefix below a proxy. The server "
        "writes it into pages, problems and printed lines. Default: links are relative.",
    )
    certfile: Path | None = Field(
        default=None,
        description="A PEM file with the server's certificate and its issuers': the server then speaks HTTPS. "
        "Default: plain HTTP, for a proxy in front that has the certificate.",
    )
    keyfile: Path | None = Field(
        default=None,
        description="A PEM file with its private key, without a password. Default: the certificate's file.",
    )
    workers: int = Field(default=1, ge=1, le=64, description="Number of worker processes.")
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Folder of the embedded PostgreSQL and the secret key; unused with a database URL. "
        "Default: `.holdfast` in the working directory; for root, `/var/lib/holdfast` if PostgreSQL's "
        "user cannot reach that.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="URL of a PostgreSQL 15 or newer, `postgresql://…`. If unset, `DATABASE_URL` is read. Default: the "
        "embedded one.",
    )
    postgres_bin: Path | None = Field(
        default=None,
        description="Folder of the programs of another PostgreSQL 15 or newer (`postgres`, `initdb`), which the data "
        "directory is run with. Default: those that are installed with Holdfast. Unused with a database URL.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Secret of at least 32 characters that signs hold tokens and cursors. All servers of one "
        "database need the same one. Required with a database URL. Default: the file `secret_key` in the "
        "data directory.",
    )
    bootstrap_key: SecretStr | None = Field(
        default=None,
        description="First API key, which the platform's secret store makes: `hfk_`, an id of 4 to 40 letters and "
        "digits, `_`, and a random secret of 32 to 128 characters. A server whose database never had a key stores its "
        "hash, with the scopes `read`, `sell` and `organise`. Afterwards it has no effect.",
    )
    open: bool = Field(
        default=True,
        description="Whether callers on this machine need no credentials until the first key is made.",
    )
    open_user: int | None = Field(
        default=None,
        ge=0,
        lt=2**32,
        description="Id of one more user whose programs need no credentials in open mode, beside root and the server's "
        "own user. A container has a user of its own, so it needs the id of the person who tries it.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Addresses and networks of the proxies in front, separated by commas: `10.0.0.0/8,::1`. Their "
        "`X-Forwarded-For` or `Forwarded` names the client. Default: the client is who opened the connection.",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins of web pages that may call the public routes, separated by commas: "
        "`https://shop.example`. Default: only pages of this server.",
    )
    log_level: LogLevel = Field(
        default=LogLevel.INFO, description="Lowest level of the messages that are logged."
    )
    log_format: LogFormat = Field(
        default=LogFormat.TEXT, description="`text` for people, `json` for machines."
    )

    access_log: bool = Field(
        default=False,
        description="Whether every request is logged in one line; server errors always are.",
    )

    pool_size: int = Field(default=8, ge=2, le=200, description="Database connections per worker.")
    direct_nodes: bool = Field(
        default=False,
        description="Whether workers connect straight to the Citus node that has an event. It needs the nodes' "
        "names to be reachable from here.",
    )
    limits: bool | None = Field(
        default=None,
        description="Whether guests and accounts have the limits below. Behind a proxy it needs "
        "`HOLDFAST_TRUSTED_PROXIES`. Default: on if one of these limits is set.",
    )
    rate_limit_url: SecretStr | None = Field(
        default=None,
        description="A Redis that all servers of one database count callers in: `redis://…`, or `rediss://…` for TLS. "
        "Default: each server counts alone.",
    )
    limit_sign_ins_per_quarter_hour: int = Field(
        default=classes.SIGN_INS.quantity,
        ge=0,
        le=10_000,
        description="Max guesses of a password or of another secret in 15 minutes, by account and by address; then "
        "each one waits longer. It is always on, except at 0.",
    )
    limit_holds_per_minute: int = Field(
        default=classes.HOLDS.quantity,
        ge=0,
        le=100_000,
        description="Max holds that guests of one address (IPv6: one /64 network), or one account, may place in a "
        "minute, half of them at once. 0 is no limit.",
    )
    limit_requests_per_minute: int = Field(
        default=classes.REQUESTS.quantity,
        ge=0,
        le=1_000_000,
        description="Max other requests of guests of one address in a minute. 0 is no limit.",
    )
    limit_streams: int = Field(
        default=classes.STREAMS.quantity,
        ge=0,
        le=1_000_000,
        description="Max open streams of guests of one address. 0 is no limit.",
    )
    limit_account_requests_per_minute: int = Field(
        default=classes.ACCOUNT_REQUESTS.quantity,
        ge=0,
        le=1_000_000,
        description="Max other requests of one account in a minute. 0 is no limit.",
    )
    limit_key_requests_per_minute: int = Field(
        default=classes.KEY_REQUESTS.quantity,
        ge=0,
        le=10_000_000,
        description="Max requests of one API key in a minute. 0 is no limit.",
    )
    limit_live_admissions: int = Field(
        default=classes.LIVE_ADMISSIONS.quantity,
        ge=0,
        le=100_000,
        description="Max admissions in the live holds of one buyer, over all events: guests of one address, one "
        "account, or one `buyer.reference` of a key that names its buyer's address. 0 is no limit.",
    )
    limit_unbooked_holds: int = Field(
        default=classes.UNBOOKED_HOLDS.quantity,
        ge=0,
        le=100,
        description="Max holds of one buyer that end in a row without a booking. Then the buyer waits 2 minutes, and "
        "twice as long after each further one, up to an hour. 0 is no limit.",
    )
    queue_limit: int = Field(
        default=4096, ge=1, le=1_000_000, description="Max commands that wait in one event's lane."
    )
    stream_limit: int = Field(
        default=20_000,
        ge=1,
        le=1_000_000,
        description="Max open streams per worker; never more than three quarters of its limit on open files.",
    )
    connection_limit: int = Field(
        default=50_000,
        ge=1,
        le=1_000_000,
        description="Max connections per worker; never more than nine tenths of its limit on open files, nor more than "
        "that limit less 100. Further connections are answered 503 and closed.",
    )
    unsent_limit_megabytes: int = Field(
        default=256,
        ge=1,
        le=65_536,
        description="Max megabytes of answers that a worker keeps for slow readers. Above it, large answers are 503.",
    )
    batch_limit: int = Field(default=256, ge=1, le=256, description="Max commands decided together.")
    wait_limit_seconds: float = Field(
        default=2.0,
        gt=0,
        le=60,
        description="Max seconds that a command waits for its batch before it is refused.",
    )
    body_timeout_seconds: float = Field(
        default=10.0, gt=0, le=300, description="Max seconds for a request's body to arrive."
    )
    keep_alive_seconds: int = Field(
        default=30, ge=1, le=3600, description="Seconds that an idle connection is kept for the next request."
    )
    drain_seconds: int = Field(
        default=0,
        ge=0,
        le=300,
        description="Seconds between a stop signal and the end of new requests. In this time `/readyz` is 503, so "
        "that a proxy sends its requests elsewhere, and each answer closes its connection.",
    )
    shutdown_seconds: int = Field(
        default=10, ge=1, le=300, description="Seconds that open requests get to finish at a shutdown."
    )

    watch_interval_milliseconds: int = Field(
        default=200,
        ge=20,
        le=10_000,
        description="Milliseconds between two checks for other processes' batches.",
    )
    sweep_interval_seconds: float = Field(
        default=1.0, gt=0, le=3600, description="Seconds between two sweeps of lapsed holds."
    )
    live_check_interval_seconds: float = Field(
        default=10.0,
        gt=0,
        le=3600,
        description="Seconds between two runs of the live check, which compares new sales with the journal.",
    )
    retention_interval_seconds: float = Field(
        default=300.0,
        gt=0,
        le=86_400,
        description="Seconds between two removals of expired records.",
    )
    idempotency_retention_hours: int = Field(
        default=72, ge=24, le=8760, description="Hours that an Idempotency-Key's answer is kept."
    )
    audit_retention_days: int = Field(
        default=400, ge=30, le=36_500, description="Days that an entry of the audit is kept."
    )
    attempt_retention_days: int = Field(
        default=90, ge=1, le=3650, description="Days that a failed instant booking is kept."
    )

    smtp_url: SecretStr | None = Field(
        default=None,
        description="The mail server: `smtp://user:password@host:587`, or `smtps://…`. `smtp` needs STARTTLS, except "
        "on this machine or with `?tls=off`. Default: mail is kept, and staff read it with `holdfast mailbox`.",
    )
    mail_from: MailSender = Field(
        default="Holdfast <holdfast@localhost>",
        description="The sender of mail, `Name <address>`. Required with a mail server.",
    )
    booking_mail: BookingMailMode = Field(
        default=BookingMailMode.OFF,
        description="Whether the buyer of each booking gets a mail when it is confirmed, and when it or its event is "
        "cancelled. The booking or the buyer's account needs a mail address. Rehearsals mail nobody. The first mail "
        "has the tickets as a PDF and, with `HOLDFAST_PUBLIC_URL`, a link that opens the booking. With `link` it has "
        "no PDF, and neither has a mail that staff send again.",
    )
    language: SpokenLanguage = Field(
        default="en",
        description="The server's own language, `en` or `de`: of pages for visitors who ask for none that it speaks, "
        "and of mails to people whose language is not known.",
    )
    apple_wallet_certificate: Path | None = Field(
        default=None,
        description="A PEM file with the certificate of your pass type, its private key without a password, and the "
        "certificate of Apple that issued it (WWDR). Buyers can then add their tickets to Apple Wallet.",
    )
    google_wallet_account: Path | None = Field(
        default=None,
        description="The JSON file of a service account of Google that may issue passes. With "
        "`HOLDFAST_GOOGLE_WALLET_ISSUER`, buyers can add their tickets to Google Wallet.",
    )
    google_wallet_issuer: str | None = Field(
        default=None,
        pattern=r"^[0-9]+$",
        max_length=30,
        description="The number that Google gave you as an issuer of passes. Required with the account's file.",
    )
    password_grant: bool = Field(default=True, description="Whether a password of an account gives a token.")
    webhook_private_addresses: bool = Field(
        default=False,
        description="Whether webhooks may use plain HTTP and private addresses, such as a receiver on this machine. "
        "Anyone who may add a webhook can then reach every server that this one can.",
    )
    job_interval_seconds: float = Field(
        default=1.0, gt=0, le=3600, description="Seconds between two looks for jobs that are due."
    )
    job_retention_days: int = Field(
        default=30, ge=1, le=3650, description="Days that a finished job and its attempts are kept."
    )

    @field_validator(
        "data_dir", "postgres_bin", "certfile", "keyfile", "apple_wallet_certificate", "google_wallet_account"
    )
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else absolute_path(value.expanduser())

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else SecretStr(parse_database_url(value.get_secret_value()))

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_smtp_url(value.get_secret_value())
        return value

    @field_validator("booking_mail", mode="before")
    @classmethod
    def _mode(cls, value: object) -> object:
        return booking_mail_mode(value)

    @field_validator("apple_wallet_certificate")
    @classmethod
    def _pass_certificate(cls, value: Path | None) -> Path | None:
        return value if value is None else checked_pass_certificate(value)

    @field_validator("google_wallet_account")
    @classmethod
    def _wallet_account(cls, value: Path | None) -> Path | None:
        return value if value is None else checked_wallet_account(value)

    @field_validator("rate_limit_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(
            ("redis://", "rediss://", "unix://")
        ):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @field_validator("public_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        return None if value is None else parse_public_url(value)

    @field_validator("trusted_proxies", "allowed_origins", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        TrustedProxies(value)
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(parse_origin(one) for one in value)

    @field_validator("bootstrap_key")
    @classmethod
    def _well_formed(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_api_key(value.get_secret_value())
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @property
    def scheme(self) -> str:
        """What the server's own addresses begin with."""
        return "http" if self.certfile is None else "https"


def load_settings(**chosen: Any) -> Settings:
    """Read the environment. The arguments, such as a command's options, take precedence.

    Raises CannotStart, in one line, for a value outside its limits or a variable that is not a setting.
    """
    clean_environment()
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for variable in sorted(os.environ):
        # pydantic would also read `holdfast_port`, and of both spellings the later one.
        if not variable.upper().startswith(PREFIX) or variable in known or variable in _NOT_SETTINGS:
            continue
        if variable.startswith(_NOT_SETTINGS_PREFIX):
            continue
        near = difflib.get_close_matches(variable.upper(), known, n=1)
        raise CannotStart(f"{variable} is not a setting{f'. Did you mean {near[0]}?' if near else '.'}")
    chosen = {name: value for name, value in chosen.items() if value is not None}
    given = {name: value for name, value in _given_by_the_platform().items() if name not in chosen}
    try:
        settings = Settings(**{**given, **chosen})
    except ValidationError as error:
        raise CannotStart("; ".join(describe_error(one, given) for one in error.errors()[:3])) from None
    if settings.google_wallet_account is not None and settings.google_wallet_issuer is None:
        raise CannotStart("HOLDFAST_GOOGLE_WALLET_ISSUER is not set; an account of Google Wallet needs it.")
    check_certificate(settings.certfile, settings.keyfile)
    return settings


def _given_by_the_platform() -> dict[str, str]:
    """Return settings that have no variable of ours, from the variables of hosting platforms."""
    return {
        name: os.environ[variable]
        for name, variable in OF_PLATFORMS.items()
        if os.environ.get(variable) and not os.environ.get(f"{PREFIX}{name.upper()}")
    }
