"""Settings: documented, limited, and kept out of logs if they are secret."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
import structlog
from psycopg.conninfo import conninfo_to_dict

from holdfast.app.logging import configure_logging
from holdfast.app.settings import BookingMailMode, Settings, load_settings
from holdfast.process.errors import CannotStart
from support.wallet_files import wallet_settings

UNREADABLE = (
    "hunter22/x",
    "hunter22@x",
    "hunter22#x",
    "hunter22 x",
    "hunter22?x",
    "hunter22%x",
    "hunter22[x",
)
"""Passwords as people paste them into a URL, with characters that are not encoded."""
UNITS = ("seconds", "milliseconds", "bytes", "hours", "days")


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_has_a_description_with_its_unit(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description
    assert description.endswith(".")
    unit = name.rsplit("_", 1)[-1]
    if unit in UNITS:
        assert unit[:-1] in description.lower()


def test_an_argument_overrides_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_PORT", "9000")
    monkeypatch.setenv("HOLDFAST_OPEN", "0")
    monkeypatch.setenv("HOLDFAST_HOST", "")
    settings = load_settings(port=None)
    assert (settings.port, settings.open, settings.host) == (9000, False, "127.0.0.1")
    assert load_settings(port=9001).port == 9001


@pytest.mark.parametrize("empty", [{}, {"HOLDFAST_PORT": "", "HOLDFAST_DATABASE_URL": ""}])
def test_a_platforms_variables_are_read_after_our_own(
    monkeypatch: pytest.MonkeyPatch, empty: dict[str, str]
) -> None:
    """Render, Fly, Heroku and Railway set them. An option of the command wins over both."""
    for name, value in {
        "PORT": "10000",
        "DATABASE_URL": "postgres://a:b@db/c?sslmode=require",
        **empty,
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.port == 10_000
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://a:b@db/c?sslmode=require"
    assert load_settings(port=9001).port == 9001
    monkeypatch.setenv("HOLDFAST_PORT", "9000")
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", "postgresql://ours/c")
    settings = load_settings()
    assert settings.port == 9_000
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://ours/c"


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("PORT", "tcp://10.0.0.1:80", "PORT must be an integer"),
        ("PORT", "70000", "PORT must be at most 65535"),
        ("DATABASE_URL", "mysql://root:hunter22@db/x", "DATABASE_URL must start with postgresql://"),
    ],
)
def test_a_platforms_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, line: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(CannotStart) as refused:
        load_settings()
    assert str(refused.value).startswith(line)
    assert "hunter22" not in str(refused.value)


def test_variables_of_clients_and_tests_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOLDFAST_URL", "HOLDFAST_API_KEY", "HOLDFAST_TEST_ANYTHING"):
        monkeypatch.setenv(name, "x")
    assert load_settings().port == 8000


def test_secrets_are_hidden_in_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_SECRET_KEY", "hunter22" * 4)
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", "postgresql://holdfast:hunter22@db/holdfast")
    assert "hunter22" not in repr(load_settings())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("DATABASE_URL", f"postgresql://u:{wrong}@h/db") for wrong in UNREADABLE),
        *(("SMTP_URL", f"smtp://u:{wrong}@h:99999") for wrong in UNREADABLE),
        ("DATABASE_URL", "postgresql://u:hunter22@[::1"),
        ("DATABASE_URL", "postgresql://u:hunter22@h:port/db"),
        ("DATABASE_URL", "host=h password=hunter22"),
        ("PUBLIC_URL", "https://u:hunter22@tickets.example"),
        ("ALLOWED_ORIGINS", "https://u:hunter22@tickets.example"),
        ("TRUSTED_PROXIES", "http://u:hunter22@proxy"),
        ("PORT", "postgresql://u:hunter22@h/db"),
        ("LOG_LEVEL", "hfk_abcd_hunter22"),
        ("BOOTSTRAP_KEY", "hunter22"),
    ],
)
def test_no_message_quotes_a_secret_of_a_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The kind: a library's text that may quote a secret. Each setting with a URL, and secrets in the wrong one."""
    monkeypatch.setenv(f"HOLDFAST_{name}", value)
    with pytest.raises(CannotStart) as refused:
        load_settings()
    assert str(refused.value).startswith(f"HOLDFAST_{name} must ")
    assert not any(part in str(refused.value) for part in ("hunter", "22@"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///db?host=/tmp/run&port=5433",
        "postgresql://role@/db?host=%2Ftmp%2Frun",
        "postgresql://u:p%40ss%2F%25@[::1]:5432,[fe80::1%25eth0],h:5433/db%20x?options=-csearch_path%3Da",
        "postgresql://h",
        "postgresql://",
        "postgresql://u%40server:p!$&'()*+,;=-._~:x@h.example:5432/db?sslmode=require",
    ],
)
def test_urls_of_databases_are_accepted(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HOLDFAST_DATABASE_URL", url)
    given = load_settings().database_url
    assert given is not None
    assert given.get_secret_value() == url
    conninfo_to_dict(url)  # the driver reads it, too


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_secrets_stay_out_of_the_log(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Any logger, and any part of the message."""
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        configure_logging(load_settings(log_format=log_format))
        structlog.get_logger("holdfast.test").info(
            "placed hfh_hunter22hunter22",
            hold_token="hunter22",
            headers={"Authorization": "Bearer hunter22", "accept": "text/plain"},
        )
        logging.getLogger("elsewhere").warning(
            "cannot reach %s", "postgresql://holdfast:hunter22@db/holdfast"
        )
        logging.getLogger("elsewhere").warning("got Authorization: Bearer hunter22hunter22hunter22")
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
    output = capsys.readouterr().err
    assert "hunter22" not in output
    assert len(output.strip().splitlines()) == 3
    assert all(word in output for word in ("placed", "text/plain", "cannot reach", "@db/holdfast"))


def test_every_setting_is_used() -> None:
    """An unused setting would be an empty promise."""
    source = Path(__file__).parents[2] / "src" / "holdfast"
    text = "\n".join(
        path.read_text()
        for path in source.rglob("*.py")
        if path.relative_to(source) != Path("app/settings.py")
    )
    unused = [name for name in Settings.model_fields if not re.search(rf"settings\.{name}\b", text)]
    assert not unused, f"used nowhere: {unused}"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://shop.example", ("https://shop.example",)),
        (
            " https://Shop.example:443/ , http://localhost:3000,",
            ("https://shop.example", "http://localhost:3000"),
        ),
        ("http://[::1]:3000", ("http://[::1]:3000",)),
        ("", ()),
    ],
)
def test_origins_are_kept_as_browsers_write_them(
    monkeypatch: pytest.MonkeyPatch, given: str, kept: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HOLDFAST_ALLOWED_ORIGINS", given)
    assert load_settings().allowed_origins == kept


@pytest.mark.parametrize(
    "given",
    ["*", "null", "shop.example", "https://shop.example/path", "https://*.shop.example", "https://a b"],
)
def test_anything_else_is_no_origin(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("HOLDFAST_ALLOWED_ORIGINS", f"https://shop.example,{given}")
    with pytest.raises(CannotStart, match=r"^HOLDFAST_ALLOWED_ORIGINS must [^\r\n]+$"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("apple_wallet_certificate", "must be a PEM file with a private key"),
        ("google_wallet_account", "must name the JSON file of a service account"),
    ],
)
def test_a_wrong_file_of_a_wallet_stops_the_start_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, complaint: str
) -> None:
    file = tmp_path / "wallet"
    monkeypatch.setenv(f"HOLDFAST_{name.upper()}", str(file))
    missing = "must name a file that the server can read: No such file or directory"
    with pytest.raises(CannotStart, match=f"^HOLDFAST_{name.upper()} {missing} \\(it is '{file}'\\)$"):
        load_settings()
    file.write_text("hunter22")
    with pytest.raises(CannotStart, match=f"^HOLDFAST_{name.upper()} {complaint} ") as refused:
        load_settings()
    assert "hunter22" not in str(refused.value)


def test_an_account_of_google_needs_its_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_GOOGLE_WALLET_ACCOUNT", str(wallet_settings()["google_wallet_account"]))
    with pytest.raises(CannotStart, match="HOLDFAST_GOOGLE_WALLET_ISSUER is not set"):
        load_settings()
    monkeypatch.setenv("HOLDFAST_GOOGLE_WALLET_ISSUER", "12a")
    with pytest.raises(CannotStart, match="HOLDFAST_GOOGLE_WALLET_ISSUER "):
        load_settings()
    monkeypatch.setenv("HOLDFAST_GOOGLE_WALLET_ISSUER", "12")
    assert load_settings().google_wallet_issuer == "12"


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        *((word, BookingMailMode.ON) for word in ("true", "1", "yes", "on", "True", "Y")),
        *((word, BookingMailMode.OFF) for word in ("false", "0", "no", "off", "FALSE")),
        ("link", BookingMailMode.LINK),
        ("LINK", BookingMailMode.LINK),
    ],
)
def test_the_mail_of_bookings_is_a_switch_with_a_third_position(
    monkeypatch: pytest.MonkeyPatch, given: str, mode: BookingMailMode
) -> None:
    monkeypatch.setenv("HOLDFAST_BOOKING_MAIL", given)
    assert load_settings().booking_mail is mode


def test_anything_else_is_no_position_of_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_BOOKING_MAIL", "links")
    with pytest.raises(CannotStart, match="HOLDFAST_BOOKING_MAIL must be `false`, `true` or `link`"):
        load_settings()


def test_the_servers_own_language_is_one_that_it_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANGUAGE", "fr")
    with pytest.raises(CannotStart, match="HOLDFAST_LANGUAGE must be one of en, de"):
        load_settings()
    monkeypatch.setenv("HOLDFAST_LANGUAGE", "de")
    assert load_settings().language == "de"


def test_trusted_proxies_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,fd00::/8")
    assert load_settings().trusted_proxies == ("127.0.0.1", "10.0.0.0/8", "fd00::/8")
    monkeypatch.setenv("HOLDFAST_TRUSTED_PROXIES", "proxy.example")
    with pytest.raises(CannotStart, match=r"^HOLDFAST_TRUSTED_PROXIES must list addresses and networks"):
        load_settings()
