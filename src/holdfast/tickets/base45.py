"""Base 45 (RFC 9285): bytes in the characters that a QR code packs best."""

from __future__ import annotations

__all__ = ["decode_base45", "encode_base45"]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}


def encode_base45(content: bytes) -> str:
    """Return three characters for each two bytes. The number of bytes must be even."""
    found = []
    for at in range(0, len(content), 2):
        high, low = content[at : at + 2]
        rest, first = divmod(high << 8 | low, 45)
        third, second = divmod(rest, 45)
        found += [_ALPHABET[first], _ALPHABET[second], _ALPHABET[third]]
    return "".join(found)


def decode_base45(text: str) -> bytes | None:
    """Return the bytes; None for a text that `encode_base45` does not make."""
    if len(text) % 3:
        return None
    found = bytearray()
    for at in range(0, len(text), 3):
        values = [_VALUES.get(character, -1) for character in text[at : at + 3]]
        number = values[0] + 45 * values[1] + 2025 * values[2]
        if min(values) < 0 or number > 0xFFFF:
            return None
        found += number.to_bytes(2, "big")
    return bytes(found)
