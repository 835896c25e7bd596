"""Rows: the seats of a map as one long line of bits, so that one operation searches the whole map."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from holdfast.inventory.seating.pools import Pools

_FEW = 16
"""Up to this many seats, a mask is cheaper to build seat by seat than through a buffer of the whole map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOfSeats:
    """One row: its seats' numbers in physical order, and their positions.

    `positions` grow from 0. A position without a seat is a break (an aisle, or the other half of a divided
    row), and nothing is adjacent across it. `categories` is each seat's index in the map's order of
    categories.
    """

    numbers: Sequence[int]
    positions: Sequence[int]
    categories: Sequence[int]


class RowIndex:
    """The fixed geometry of one version of a seat map, shared by every event that sells it.

    Each seat has one bit. Rows follow each other in the map's order, with one bit between them that is never
    free. So no run of bits crosses from one row into the next, and the lowest bit is the first row's leftmost
    seat.
    """

    def __init__(
        self,
        rows: Iterable[RowOfSeats],
        categories: Sequence[str],
        traits: Mapping[int, int] | None = None,
        tables: Iterable[tuple[int, ...]] = (),
    ) -> None:
        self.categories: tuple[str, ...] = tuple(categories)
        self.widths: list[int] = []
        """The number of places of each row."""
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
        """The number of bits of the whole line."""
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
        self._rows_of_pool: dict[int, list[int]] = {}
        self.seats: int = 0
        """The mask of every seat."""
        for mask in masks:
            self.seats |= mask
        self.pools = Pools(self.category_masks, traits or {}, tables, self.mask)

    def mask(self, numbers: Iterable[int]) -> int:
        """Return the bits of these seats. Raises ValueError like `check`."""
        requested = list(numbers)
        self.check(requested)
        if len(requested) <= _FEW:
            mask = 0
            for number in requested:
                mask |= 1 << self._bit_of[number]
        else:
            buffer = bytearray(self.size // 8 + 1)
            bit_of = self._bit_of
            for number in requested:
                bit = bit_of[number]
                buffer[bit >> 3] |= 1 << (bit & 7)
            mask = int.from_bytes(buffer, "little")
        return mask

    def check(self, numbers: Collection[int]) -> None:
        """Raise ValueError for an unknown number, or a repeated one."""
        for number in numbers:
            if not 0 < number < len(self._bit_of) or self._number_at[self._bit_of[number]] != number:
                raise ValueError(f"no seat has the number {number}")
        if len(numbers) > 1 and len(set(numbers)) != len(numbers):
            raise ValueError("a seat is named twice")

    def block(self, start: int, n: int) -> tuple[int, ...]:
        """Return the numbers of the n seats from this bit on."""
        return tuple(self._number_at[start : start + n])

    def place_of(self, number: int) -> tuple[int, int]:
        """Return (row, place in the row) of an existing seat."""
        return self.place_at(self._bit_of[number])

    def place_at(self, bit: int) -> tuple[int, int]:
        """Return (row, place in the row) of a seat's bit."""
        row = bisect_right(self._starts, bit) - 1
        return row, bit - self._starts[row]

    def block_in(self, row: int, place: int, n: int) -> tuple[int, ...]:
        """Return the numbers of the n seats of a row from this place on."""
        return self.block(self._starts[row] + place, n)

    def by_row(self, mask: int) -> list[int]:
        """Return a mask of the whole map as one mask per row."""
        line = mask.to_bytes(self.size // 8 + 1, "little")
        return [
            int.from_bytes(line[start >> 3 : (start + width >> 3) + 1], "little") >> (start & 7)
            & (1 << width) - 1
            for start, width in zip(self._starts, self.widths, strict=True)
        ]

    def rows_of(self, pool: int) -> list[int]:
        """Return a pool as one mask per row, which is kept."""
        rows = self._rows_of_pool.get(pool)
        if rows is None:
            rows = self._rows_of_pool[pool] = self.by_row(pool)
        return rows

    def row_of(self, mask: int, row: int) -> int:
        """Return one row of a mask of the whole map."""
        return mask >> self._starts[row] & (1 << self.widths[row]) - 1

    def numbers(self, mask: int) -> tuple[int, ...]:
        """Return the numbers of all seats of a mask, in row order, left to right."""
        number_at = self._number_at
        return tuple([number_at[bit] for bit in bits_of(mask)])

    def distance_planes(self, n: int) -> tuple[int, ...]:
        """Return the distance of each block of n from the middle of its row, in binary across the whole map.

        Plane k holds bit k of every block's distance in half seats, highest plane first. A block is
        represented by the bit of its seat (n - 1) // 2. So odd and even n need one set of planes each,
        whatever their size.
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
        # Rows of equal width have equal planes. Each plane is written once per width, and then only joined.
        planes = []
        for plane in reversed(range(count)):
            texts = {width: _plane_of_row(width, parity, plane) for width in set(self.widths)}
            planes.append(int("".join([texts[width] for width in reversed(self.widths)]), 2))
        return tuple(planes)


def _plane_of_row(width: int, parity: int, plane: int) -> str:
    """Return one binary digit of |2 * position + parity - (width - 1)|, rightmost seat first, after the gap."""
    doubled_middle = width - 1 - parity
    odd = doubled_middle & 1
    right = width - (doubled_middle + 1) // 2
    rightwards = _digits(odd, right, plane)
    leftwards = _digits(1, width - right, plane) if odd else _digits(0, width - right + 1, plane)[1:]
    return "0" + rightwards[::-1] + leftwards


def _digits(odd: int, count: int, plane: int) -> str:
    """Return one binary digit of each of 0, 2, 4… (or 1, 3, 5…)."""
    if plane == 0:
        return "01"[odd] * count
    half = 1 << (plane - 1)
    return (("0" * half + "1" * half) * (count // (2 * half) + 1))[:count]


def starts_of_runs(pool: int, n: int) -> int:
    """Return each bit that starts a run of n set bits, in log n steps."""
    starts, length = pool, 1
    while length < n and starts:
        step = min(length, n - length)
        starts &= starts >> step
        length += step
    return starts


def by_gaps(free: int, starts: int, n: int) -> tuple[int, int, int]:
    """Divide the starts of blocks of n by the single gaps that the blocks make: none, one, two."""
    left = free << 1
    left ^= left & free << 2
    right = free >> n
    right ^= right & right >> 1
    gaps = starts & (left | right)
    two = gaps & left & right
    return starts ^ gaps, gaps ^ two, two


def bits_of(mask: int) -> list[int]:
    """Return the places of the set bits, lowest first, in time linear in the mask's length."""
    text = bin(mask)[:1:-1]
    found: list[int] = []
    at = text.find("1")
    while at >= 0:
        found.append(at)
        at = text.find("1", at + 1)
    return found
