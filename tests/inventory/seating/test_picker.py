"""Best available: compared with a brute force on small maps, and by properties that hold on any map."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.inventory.seating import picker as best_available
from holdfast.inventory.seating.picker import SeatPicker
from holdfast.inventory.seating.seat_index import RowIndex, RowOfSeats, bits_of

CATEGORIES = ("front", "middle", "back")


@pytest.fixture(
    params=[0, best_available.RANKED_AFTER], ids=["ranked", "searched"], autouse=True, scope="module"
)
def ranked_after(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set the number of searches before a ranking, so that each test runs with and without one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(best_available, "RANKED_AFTER", request.param)
        if not request.param:
            patch.setattr(best_available, "RANKED_APART", 0)
        yield


@dataclass
class Drawn:
    """The same map twice: as the picker sees it, and as plain lists for the brute force."""

    rows: list[list[tuple[int, int, int]]]  # per row (position, category, number)
    index: RowIndex
    taken: set[int]

    @property
    def occupancy(self) -> SeatPicker:
        return SeatPicker(self.index, sorted(self.taken))

    def free(self, category: int | None = None) -> list[int]:
        return [
            number
            for row in self.rows
            for _, seat_category, number in row
            if number not in self.taken and category in (None, seat_category)
        ]


@st.composite
def drawn_maps(draw: st.DrawFn, max_rows: int = 4, max_seats: int = 9) -> Drawn:
    rows: list[list[tuple[int, int, int]]] = []
    number = 1
    for _ in range(draw(st.integers(1, max_rows))):
        row, position = [], 0
        mixed = draw(st.booleans())
        category = draw(st.integers(0, 2))
        for _ in range(draw(st.integers(1, max_seats))):
            row.append((position, draw(st.integers(0, 2)) if mixed else category, number))
            number += 1
            position += 1 + draw(st.sampled_from([0, 0, 0, 0, 1]))
        rows.append(row)
    taken = {n for n in range(1, number) if draw(st.booleans())}
    return Drawn(rows=rows, index=index_of(rows), taken=taken)


def index_of(rows: list[list[tuple[int, int, int]]]) -> RowIndex:
    return RowIndex(
        [
            RowOfSeats(
                positions=[seat[0] for seat in row],
                categories=[seat[1] for seat in row],
                numbers=[seat[2] for seat in row],
            )
            for row in rows
        ],
        CATEGORIES,
    )


def one_row(text: str, *, category: int = 0, number: int = 1) -> list[tuple[int, int, int]]:
    return [(position, category, number + position) for position in range(len(text))]


def map_of(*texts: str) -> Drawn:
    """Return a map from rows of text: `.` free, `x` taken."""
    rows, taken, number = [], set(), 1
    for text in texts:
        rows.append(one_row(text, number=number))
        taken |= {number + at for at, mark in enumerate(text) if mark == "x"}
        number += len(text)
    return Drawn(rows=rows, index=index_of(rows), taken=taken)


def best_by_hand(drawn: Drawn, n: int, categories: list[int]) -> tuple[int, ...] | None:
    """Return the best of every block of every row, by the documented rule word for word."""
    for category in categories:
        found = []
        for row_order, row in enumerate(drawn.rows):
            free = {position for position, _, number in row if number not in drawn.taken}
            seats = {position: (seat_category, number) for position, seat_category, number in row}
            last = row[-1][0]
            for start in range(last + 1):
                block = range(start, start + n)
                if not all(at in free and seats[at][0] == category for at in block):
                    continue
                left = start - 1 in free and start - 2 not in free
                right = start + n in free and start + n + 1 not in free
                pool = {at for at in free if seats[at][0] == category}
                lost = fits_by_hand(pool) - fits_by_hand(pool - set(block))
                distance = abs(2 * start + n - 1 - last)
                numbers = tuple(seats[at][1] for at in block)
                found.append((left + right, lost, distance, row_order, start, numbers))
        if found:
            return min(found)[-1]
    return None


def fits_by_hand(pool: set[int]) -> int:
    """Return how many parties of 2, 3, 4 and 6 each fit into the runs of these positions, added up."""
    lengths, length = [], 0
    for at in range(max(pool, default=-1) + 2):
        if at in pool:
            length += 1
        else:
            lengths.append(length)
            length = 0
    return sum(length // size for size in (2, 3, 4, 6) for length in lengths)


@settings(max_examples=600)
@given(drawn=drawn_maps(), n=st.integers(1, 6), category=st.sampled_from([None, 0, 1, 2]))
def test_together_equals_the_brute_force(drawn: Drawn, n: int, category: int | None) -> None:
    """The choice is the best of all blocks by the order that the API documents."""
    wanted = [0, 1, 2] if category is None else [category]
    name = None if category is None else CATEGORIES[category]
    assert drawn.occupancy.best(n, name) == best_by_hand(drawn, n, wanted)


@settings(max_examples=600)
@given(drawn=drawn_maps(), n=st.integers(1, 14), category=st.sampled_from([None, 0, 1, 2]))
def test_apart_never_refuses_while_seats_are_free(drawn: Drawn, n: int, category: int | None) -> None:
    """The seats are together if possible. Else they are the right number, in as few categories as possible."""
    wanted = [0, 1, 2] if category is None else [category]
    name = None if category is None else CATEGORIES[category]
    chosen = drawn.occupancy.best(n, name, together=False)
    whole = best_by_hand(drawn, n, wanted)
    if whole is not None:
        assert chosen == whole
        return
    free = drawn.free(category)
    if len(free) < n:
        assert chosen is None
        return
    assert chosen is not None
    assert len(set(chosen)) == len(chosen) == n
    assert set(chosen) <= set(free)
    enough = [each for each in wanted if len(drawn.free(each)) >= n]
    if enough:
        assert set(chosen) <= set(drawn.free(enough[0])), "the first category with room is kept to"
        assert pieces(drawn, chosen, enough[0]) == fewest_pieces(drawn, n, enough[0])
    else:
        left = n
        for each in wanted:  # category after category, each emptied before the next is touched
            took = len(set(chosen) & set(drawn.free(each)))
            assert took == min(left, len(drawn.free(each)))
            left -= took


def runs(drawn: Drawn, numbers: set[int], category: int) -> list[int]:
    lengths = []
    for row in drawn.rows:
        length, previous = 0, -2
        for position, seat_category, number in row:
            if number in numbers and seat_category == category:
                if position != previous + 1 and length:
                    lengths.append(length)
                    length = 0
                length, previous = length + 1, position
        if length:
            lengths.append(length)
    return lengths


def pieces(drawn: Drawn, chosen: tuple[int, ...], category: int) -> int:
    return len(runs(drawn, set(chosen), category))


def fewest_pieces(drawn: Drawn, n: int, category: int) -> int:
    lengths = sorted(runs(drawn, set(drawn.free(category)), category), reverse=True)
    for count, length in enumerate(lengths, start=1):
        n -= length
        if n <= 0:
            return count
    raise AssertionError("fewer seats than requested")


@settings(max_examples=200)
@given(
    drawn=drawn_maps(max_rows=6, max_seats=16),
    asks=st.lists(st.integers(1, 5), min_size=1, max_size=60),
)
def test_repeated_requests_sell_every_seat_once(drawn: Drawn, asks: list[int]) -> None:
    occupancy = drawn.occupancy
    free = set(drawn.free())
    for n in asks:
        chosen = occupancy.best(n, together=False)
        assert (chosen is None) == (len(free) < n)
        if chosen is not None:
            assert set(chosen) <= free
            free -= set(chosen)
            occupancy.take(chosen)
        assert occupancy.free_count() == len(free)
        assert set(occupancy.free_numbers()) == free


@settings(max_examples=300)
@given(drawn=drawn_maps(max_rows=6, max_seats=12), seed=st.integers(0, 2**32))
def test_a_ranking_equals_the_search_while_seats_change(drawn: Drawn, seed: int) -> None:
    """One map ranks from the beginning. Another is built again for each request, and searches."""
    chance = random.Random(seed)
    occupancy = drawn.occupancy
    for _ in range(30):
        free = drawn.free()
        if free and chance.random() < 0.6:
            moved = chance.sample(free, min(len(free), chance.randrange(1, 4)))
            occupancy.take(moved)
            drawn.taken |= set(moved)
        elif drawn.taken:
            moved = chance.sample(sorted(drawn.taken), min(len(drawn.taken), chance.randrange(1, 4)))
            occupancy.free(moved)
            drawn.taken -= set(moved)
        n, category = chance.randrange(1, 4), chance.choice([None, *CATEGORIES])
        wanted = range(3) if category is None else [CATEGORIES.index(category)]
        assert occupancy.best(n, category) == best_by_hand(drawn, n, list(wanted))


@pytest.mark.parametrize(
    ("row", "n", "chosen"),
    [
        ("...........................", 3, (13, 14, 15)),  # the middle: 12 and 12 fit as many as 24
        ("............", 3, (1, 2, 3)),  # 9 in one piece; of both sides the left
        (".........", 3, (1, 2, 3)),  # the middle would leave 3 and 3, which fit no four and no six
        ("x......x...x", 3, (9, 10, 11)),  # a whole run leaves the six together
        ("....", 3, (1, 2, 3)),  # a gap cannot be avoided
        (".....", 3, (1, 2, 3)),  # the middle would strand two
        (
            "x...x..x",
            2,
            (6, 7),
        ),  # a whole run, though farther out, leaves nothing single
        ("x...x...x", 2, (3, 4)),  # one gap anywhere: nearest the middle, then leftmost
        ("..x.xx.xx", 1, (4,)),  # a seat that is single already is the best for one
    ],
)
def test_the_order_of_preference_in_one_row(row: str, n: int, chosen: tuple[int, ...]) -> None:
    assert map_of(row).occupancy.best(n) == chosen


def test_the_middle_of_a_later_row_beats_the_side_of_an_earlier() -> None:
    """The API's order: nearness to the middle comes before the row's order."""
    assert map_of("..xxxxxxxx..", "xxxxx..xxxxx").occupancy.best(2) == (18, 19)


def test_groups_of_six_fill_rows_of_twelve() -> None:
    """Case B7. The middle of each row would leave three and three: four groups sold, 24 seats unsold."""
    occupancy = map_of(*["............"] * 4).occupancy
    for _ in range(8):
        block = occupancy.best(6)
        assert block is not None
        occupancy.take(block)
    assert occupancy.free_count() == 0


@pytest.mark.parametrize("n", [2, 3, 4, 6, 12])
@pytest.mark.parametrize("together", [True, False])
def test_groups_of_one_size_fill_rows_that_are_multiples_of_it(n: int, together: bool) -> None:
    """The kind of case B7: any size, rows of any length that it divides, more rows than one."""
    occupancy = map_of("." * n, "." * 5 * n, "." * 3 * n, "." * 12 * n).occupancy
    for _ in range(21):
        block = occupancy.best(n, together=together)
        assert block is not None
        assert block[-1] - block[0] == n - 1
        occupancy.take(block)
    assert occupancy.free_count() == 0


@settings(max_examples=100)
@given(
    n=st.sampled_from([2, 3, 4, 6]),
    rows=st.lists(st.integers(1, 60), min_size=1, max_size=6),
)
def test_one_common_size_is_sold_as_often_as_the_rows_allow(n: int, rows: list[int]) -> None:
    occupancy = map_of(*["." * length for length in rows]).occupancy
    groups = 0
    while (block := occupancy.best(n)) is not None:
        occupancy.take(block)
        groups += 1
    assert groups == sum(length // n for length in rows)


def test_an_orphan_never_changes_the_category() -> None:
    rows = [one_row("...", category=1), one_row("......", category=0, number=4)]
    rows[1] = rows[1][:3]
    occupancy = SeatPicker(index_of([rows[1], [(p, 1, n) for p, _, n in one_row("..", number=7)]]))
    assert occupancy.best(2) == (4, 5), "a gap in the first category, none in the second"


def test_nothing_is_adjacent_across_a_break_in_a_row() -> None:
    row = [(0, 0, 1), (1, 0, 2), (3, 0, 3), (4, 0, 4), (5, 0, 5)]
    occupancy = SeatPicker(index_of([row]))
    assert occupancy.best(3) == (3, 4, 5)
    assert occupancy.best(4) is None
    assert occupancy.best(4, together=False) is not None


def test_a_block_never_crosses_from_a_row_into_the_next() -> None:
    assert map_of("xx..", "..xx").occupancy.best(3) is None


def test_a_split_takes_the_longest_runs_first() -> None:
    assert map_of("..x...x.", "x..xx.x.").occupancy.best(5, together=False) == (
        4,
        5,
        6,
        10,
        11,
    )


def test_an_unknown_category_has_no_seats() -> None:
    occupancy = map_of("....").occupancy
    assert occupancy.best(1, "nowhere") is None
    assert occupancy.best(1, "nowhere", together=False) is None
    assert occupancy.free_count("nowhere") == 0


def test_a_wrong_take_or_free_is_refused_in_full() -> None:
    """A double take is a bug of the caller: it fails loudly, and changes nothing."""
    occupancy = map_of("..x.").occupancy
    for wrong, why in (
        ([1, 3], "not free"),
        ([1, 1], "named twice"),
        ([5], "no seat"),
        ([0], "no seat"),
        ([-1], "no seat"),
        ([4_000_000_000], "no seat"),
    ):
        with pytest.raises(ValueError, match=why):
            occupancy.take(wrong)
    with pytest.raises(ValueError, match="cannot be freed"):
        occupancy.free([3, 1])
    with pytest.raises(ValueError, match="at least one"):
        occupancy.best(0)
    assert occupancy.free_numbers() == (1, 2, 4)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 40])
def test_a_large_fragmented_map_equals_the_brute_force(n: int) -> None:
    """The rows have many widths. The bit planes of one row never affect another's."""
    chance = random.Random(n)
    texts = [
        "".join(
            chance.choice("...x" if n < 7 else "........................x")
            for _ in range(chance.randint(1, 90))
        )
        for _ in range(120)
    ]
    drawn = map_of(*texts)
    assert drawn.occupancy.best(n) == best_by_hand(drawn, n, [0, 1, 2])


def test_bits_of_finds_each_set_bit() -> None:
    assert bits_of(0) == []
    assert bits_of(0b1010_0001) == [0, 5, 7]
    assert bits_of(1 << 5000 | 1) == [0, 5000]
