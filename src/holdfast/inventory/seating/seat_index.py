"""Rows: the seats of a map laid out as one long line of bits, so that a whole house is searched at once."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

_FEW = 16
"""Up to here a mask is cheaper to make seat by seat than through a buffer of the whole house."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOfSeats:
    """One row: its seats' numbers in physical order, and where each stands.

    `positions` grow from 0; a position that is left out is a break (an aisle, the other half of a divided
    row), and nothing is adjacent across it. `categories` is each seat's index in the map's order of
    categories.
    """

    numbers: Sequence[int]
    positions: Sequence[int]
    categories: Sequence[int]


class RowIndex:
    """The fixed geometry of one version of a seat map, shared by every event that sells it.

    Each seat owns one bit. Rows follow each other in the map's order, one bit that is never free between
    them, so that no run of bits crosses from a row into the next and the lowest bit is the first row's
    leftmost seat.
    """

    def __init__(self, rows: Iterable[RowOfSeats], categories: Sequence[str]) -> None:
        self.categories: tuple[str, ...] = tuple(categories)
        self.widths: list[int] = []
        """Of each row, in places."""
        self._starts: list[int] = []
        bits: list[int] = []
        numbers: list[int] = []
        seat_categories: list[int] = []
        offset = 0
        for row in rows:
            if not row.numbers:
                continue
            bits.extend([offset + position for position in row.positions])
            numbers.extend(row.numbers)
            seat_categories.extend(row.categories)
            width = row.positions[-1] + 1
            self.widths.append(width)
            self._starts.append(offset)
            offset += width + 1
        self.size: int = offset
        """How many bits the whole line has."""
        self.capacity: int = len(numbers)
        self._bit_of = array("I", bytes(4 * (max(numbers, default=0) + 1)))
        self.highest_number: int = len(self._bit_of) - 1
        self._number_at = array("I", bytes(4 * (offset + 1)))
        buffers = [bytearray(offset // 8 + 1) for _ in self.categories]
        for bit, number, category in zip(bits, numbers, seat_categories, strict=True):
            self._bit_of[number] = bit
            self._number_at[bit] = number
            buffers[category][bit >> 3] |= 1 << (bit & 7)
        masks = [int.from_bytes(buffer, "little") for buffer in buffers]
        self.category_masks: dict[str, int] = dict(zip(self.categories, masks, strict=True))
        self._category_rows: dict[str, list[int]] = {}
        self.seats: int = 0
        """The mask of every seat."""
        for mask in masks:
            self.seats |= mask

    def mask(self, numbers: Iterable[int]) -> int:
        """The bits of these seats. Raises ValueError for a number that no seat has, or one named twice."""
        wanted = list(numbers)
        for number in wanted:
            if not 0 < number < len(self._bit_of) or self._number_at[self._bit_of[number]] != number:
                raise ValueError(f"no seat has the number {number}")
        if len(wanted) <= _FEW:
            mask = 0
            for number in wanted:
                mask |= 1 << self._bit_of[number]
        else:
            buffer = bytearray(self.size // 8 + 1)
            bit_of = self._bit_of
            for number in wanted:
                bit = bit_of[number]
                buffer[bit >> 3] |= 1 << (bit & 7)
            mask = int.from_bytes(buffer, "little")
        if mask.bit_count() != len(wanted):
            raise ValueError("a seat is named twice")
        return mask

    def block(self, start: int, n: int) -> tuple[int, ...]:
        """The numbers of the n seats from this bit on."""
        return tuple(self._number_at[start : start + n])

    def place_of(self, number: int) -> tuple[int, int]:
        """(row, place in it) of a seat that there is."""
        bit = self._bit_of[number]
        row = bisect_right(self._starts, bit) - 1
        return row, bit - self._starts[row]

    def block_in(self, row: int, place: int, n: int) -> tuple[int, ...]:
        """The numbers of the n seats of a row from this place on."""
        return self.block(self._starts[row] + place, n)

    def by_row(self, mask: int) -> list[int]:
        """A mask of the whole house as one of each row."""
        whole = mask.to_bytes(self.size // 8 + 1, "little")
        return [
            int.from_bytes(whole[start >> 3 : (start + width >> 3) + 1], "little") >> (start & 7)
            & (1 << width) - 1
            for start, width in zip(self._starts, self.widths, strict=True)
        ]

    def rows_of(self, category: str) -> list[int]:
        """The seats of a category, row by row."""
        rows = self._category_rows.get(category)
        if rows is None:
            rows = self._category_rows[category] = self.by_row(self.category_masks[category])
        return rows

    def numbers(self, mask: int) -> tuple[int, ...]:
        """The numbers of all seats of a mask, in row order, left to right."""
        number_at = self._number_at
        return tuple([number_at[bit] for bit in bits_of(mask)])

    def distance_planes(self, n: int) -> tuple[int, ...]:
        """How far a block of n is from the middle of its row, written in binary across the whole house.

        Plane k holds bit k of every block's distance (in half seats), highest plane first; a block stands at
        the bit of its seat (n - 1) // 2. So odd and even n have one set of planes each, whatever their size.
        """
        return self._even_planes if n % 2 == 0 else self._odd_planes

    @cached_property
    def _odd_planes(self) -> tuple[int, ...]:
        return self._planes(0)

    @cached_property
    def _even_planes(self) -> tuple[int, ...]:
        return self._planes(1)

    def _planes(self, parity: int) -> tuple[int, ...]:
        count = max(self.widths, default=0).bit_length()
        # Rows of one width look alike: each plane is written once per width, and then only joined.
        planes = []
        for plane in reversed(range(count)):
            texts = {width: _plane_of_row(width, parity, plane) for width in set(self.widths)}
            planes.append(int("".join([texts[width] for width in reversed(self.widths)]), 2))
        return tuple(planes)


def _plane_of_row(width: int, parity: int, plane: int) -> str:
    """One binary digit of |2 * position + parity - (width - 1)|, rightmost seat first, the gap before it."""
    doubled_middle = width - 1 - parity
    odd = doubled_middle & 1
    right = width - (doubled_middle + 1) // 2
    rightwards = _digits(odd, right, plane)
    leftwards = _digits(1, width - right, plane) if odd else _digits(0, width - right + 1, plane)[1:]
    return "0" + rightwards[::-1] + leftwards


def _digits(odd: int, count: int, plane: int) -> str:
    """One binary digit of each of 0, 2, 4… (or 1, 3, 5…)."""
    if plane == 0:
        return "01"[odd] * count
    half = 1 << (plane - 1)
    return (("0" * half + "1" * half) * (count // (2 * half) + 1))[:count]


def starts_of_runs(pool: int, n: int) -> int:
    """Each bit from which n bits in a row are set, in log n steps."""
    starts, have = pool, 1
    while have < n and starts:
        step = min(have, n - have)
        starts &= starts >> step
        have += step
    return starts


def bits_of(mask: int) -> list[int]:
    """The places of the set bits, lowest first; linear in the mask's length."""
    text = bin(mask)[:1:-1]
    found: list[int] = []
    at = text.find("1")
    while at >= 0:
        found.append(at)
        at = text.find("1", at + 1)
    return found
