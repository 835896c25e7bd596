"""Table: every planted bug in one sentence, with the part of the proof that must catch it, and the rules.

To add one, change the product's source, run `diff -U2` from the repository's root into `NNN-name.patch` here,
and undo the change. `python -m proof.mutants --renew` gives all patches the current line numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["MUTANTS", "Mutant", "Part", "Probing", "Selling"]


@dataclass(frozen=True, slots=True)
class Probing:
    """A short scene from `probes.py`."""

    probe: str

    @property
    def name(self) -> str:
        return f"probe {self.probe}"


@dataclass(frozen=True, slots=True)
class Selling:
    """The general workload over two servers, judged by the checker and by the product's own check."""

    faults: tuple[str, ...] = ()
    """Names of faults; `times` of them are drawn during the sale."""
    times: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the servers that make the bug visible."""
    callers: bool = False
    """Whether clients have credentials of every kind, and the server is closed."""

    @property
    def name(self) -> str:
        closed = ["with callers"] if self.callers else []
        return " ".join(
            ["sale", *closed, *self.faults, *(f"{name}={value}" for name, value in self.settings.items())]
        )


Part = Probing | Selling

SALE = Selling()
UNSWEPT = Selling(settings={"sweep_interval_seconds": "3600"})
CALLERS = Selling(callers=True)
KILLS = Selling(("kill-postgres",), times=4)
LOST_COMMITS = Selling(("commit-cut",), times=11)
GUARD = "holdfast_invariant_violations_total"
"""The database refused a decision, and the product counted it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A planted bug. At least one of its `rules` must catch it."""

    name: str
    bug: str
    part: Part
    rules: tuple[str, ...] = ()

    @property
    def accepted(self) -> tuple[str, ...]:
        return self.rules or (self.part.name,)


MUTANTS = (
    Mutant(
        "001-seat-sold-twice",
        "Neither the decision nor an index checks the owner of a named seat.",
        SALE,
        ("C1",),
    ),
    Mutant(
        "002-seat-not-looked-at",
        "The decision does not check the owner of a named seat; the database refuses it.",
        SALE,
        (GUARD,),
    ),
    Mutant(
        "003-no-row-lock",
        "Batches are not serialized; the database refuses the second of two concurrent ones.",
        SALE,
        (GUARD,),
    ),
    Mutant(
        "004-no-row-lock-and-no-witness",
        "Batches are not serialized, and the journal accepts only one of two concurrent ones.",
        SALE,
        ("C2", "C1", "C4", "C7"),
    ),
    Mutant(
        "011-released-after-its-end",
        "An ended hold can be released, and gives back seats that another buyer has by then.",
        SALE,
        ("C2", "C4"),
    ),
    Mutant(
        "022-half-a-hold",
        "The other seats and lines are sold although one is refused.",
        SALE,
        ("C1",),
    ),
    Mutant(
        "023-refused-seats-stay-picked",
        "Seats of a refused hold are never again the best available.",
        Probing("refused-hold-spoils-nothing"),
    ),
    Mutant(
        "026-counters-from-memory", "The rest of an area comes from this process's memory.", SALE, ("C2",)
    ),
    Mutant(
        "027-one-too-many-for-the-guard",
        "An area sells one more than its capacity; the database refuses the decision.",
        SALE,
        (GUARD,),
    ),
    Mutant(
        "028-one-too-many",
        "An area sells one more than its capacity, and the database accepts it.",
        SALE,
        ("C2",),
    ),
    Mutant(
        "029-cancelled-twice-over", "A cancelled booking gives back its admissions twice.", SALE, ("C2", "C4")
    ),
    Mutant(
        "034-taken-seats-picked",
        "The engine's choice ignores taken seats; the database refuses it.",
        SALE,
        (GUARD,),
    ),
    Mutant(
        "035-occupancy-kept-after-a-failure",
        "The choices of a batch are never for sale again after its commit fails.",
        Probing("failed-commit-spoils-nothing"),
    ),
    Mutant(
        "036-journal-not-followed",
        "A process does not see the sales and returns of others.",
        SALE,
        ("C3", GUARD),
    ),
    Mutant("041-answers-crossed", "The first answer of a batch goes to the last caller.", SALE, ("C1", "C6")),
    Mutant(
        "046-answers-of-another-event",
        "In a batch of several events, each event's answers go to another's buyers.",
        SALE,
        ("C1", "C6", "C4"),
    ),
    Mutant(
        "045-alarm-without-a-stop",
        "The live check reports rows that disagree, but does not stop sales.",
        Probing("alarm-stops-sales"),
    ),
    Mutant(
        "005-clock-of-the-transaction",
        "A batch has the time of its BEGIN, before the wait for the lock: now().",
        Probing("expiry-behind-a-lock"),
    ),
    Mutant(
        "006-clock-before-the-lock",
        "The clock is read before the wait for the lock.",
        Probing("expiry-behind-a-lock"),
    ),
    Mutant(
        "007-lapsed-hold-booked", "A lapsed hold can be confirmed until its row is rewritten.", SALE, ("C1",)
    ),
    Mutant(
        "008-live-holds-swept", "The sweeper ends holds up to a second too early.", SALE, ("C1", "C3", "C4")
    ),
    Mutant("009-sweeper-renews", "The sweeper revives lapsed holds.", SALE, ("C1", "C3")),
    Mutant(
        "010-bookings-swept",
        "The sweeper also ends bookings at their hold's expiry.",
        SALE,
        ("C1", "C4"),
    ),
    Mutant(
        "030-lapsed-until-swept",
        "A lapsed hold keeps its admissions until a sweep, which never runs.",
        UNSWEPT,
        ("C3",),
    ),
    Mutant(
        "031-extended-without-end",
        "A hold can be extended beyond the event's maximum.",
        Probing("extension-has-an-end"),
    ),
    Mutant(
        "032-extension-not-written", "An extension is acknowledged but not written.", SALE, ("C1", "C3", "C4")
    ),
    Mutant(
        "033-cancelled-event-confirms",
        "Holds of a cancelled event can be confirmed.",
        Probing("cancelled-event-sells-nothing"),
    ),
    Mutant(
        "038-not-modified-though-lapsed",
        "An expiry does not change the ETag: 304 although a hold has lapsed.",
        Probing("expiry-changes-the-state"),
    ),
    Mutant(
        "040-scan-begins-too-late",
        "The sweep moves its start past some holds that have not lapsed.",
        SALE,
        ("C3", "C4", "C7", "holdfast check"),
    ),
    Mutant("012-booking-without-its-key", "A booking's answer is not stored under its key.", SALE, ("C6",)),
    Mutant("013-hold-without-its-key", "A hold's answer is not stored under its key.", SALE, ("C6",)),
    Mutant(
        "014-refusals-not-stored", "Refusals are not stored: the same key may succeed later.", SALE, ("C6",)
    ),
    Mutant(
        "015-key-of-every-principal",
        "A key is not scoped to its principal.",
        Probing("keys-of-two-principals"),
    ),
    Mutant("016-key-of-every-route", "A key is not scoped to its route.", Probing("keys-of-two-routes")),
    Mutant("017-key-of-any-body", "A key is replayed whatever the body is.", Probing("key-of-another-body")),
    Mutant(
        "018-replay-without-a-write",
        "A replay only reads: it may confirm a sale that a failover then loses.",
        Probing("replay-writes"),
    ),
    Mutant("019-answered-before-commit", "Success is reported before COMMIT has returned.", KILLS, ("C4",)),
    Mutant(
        "020-synchronous-commit-off",
        "COMMIT returns before it is on the disk.",
        KILLS,
        ("C1", "C2", "C4", "C6"),
    ),
    Mutant(
        "021-unknown-reported-as-unavailable",
        "An unknown outcome is reported as if nothing had happened.",
        LOST_COMMITS,
        ("C4", "C6", "C7", "C3"),
    ),
    Mutant(
        "037-stale-read-model", "Seats are read from the first state that this process saw.", SALE, ("C7",)
    ),
    Mutant(
        "039-release-not-in-the-journal", "A release is not in the journal.", SALE, ("C4", "holdfast check")
    ),
    Mutant(
        "024-limit-of-each-line", "The limit of a hold counts its largest line.", Probing("limit-over-lines")
    ),
    Mutant(
        "025-limit-read-before-the-lock",
        "A buyer's admissions are read before the lock.",
        Probing("limit-behind-a-lock"),
    ),
    Mutant(
        "042-token-by-its-beginning",
        "Only the beginning of a hold's token is checked.",
        Probing("token-whole"),
    ),
    Mutant(
        "043-foreign-hold-forbidden",
        "Another's hold is forbidden rather than absent, which reveals it.",
        Probing("foreign-hold-is-absent"),
    ),
    Mutant(
        "044-anyone-may-release",
        "A hold can be released without its token.",
        Probing("foreign-hold-is-absent"),
    ),
    Mutant(
        "047-ranking-not-updated",
        "The best blocks of a row are ranked once, but not after its seats are sold.",
        Probing("best-available-sells-out"),
    ),
    Mutant(
        "048-body-known-by-its-beginning",
        "A body that begins like an earlier one is treated as that one.",
        Probing("quantity-is-the-requested-one"),
    ),
    Mutant(
        "049-table-divided-by-name",
        "A buyer who names one seat of a table that is sold whole gets that seat alone.",
        Probing("table-is-sold-whole"),
    ),
    Mutant(
        "050-table-divided-by-choice",
        "The engine's choice takes some seats of a table that is sold whole.",
        SALE,
        ("C1",),
    ),
    Mutant(
        "051-wheelchair-place-to-anyone",
        "The engine's choice gives wheelchair and companion places to parties that did not ask.",
        Probing("wheelchair-places-are-kept"),
    ),
    Mutant(
        "052-second-press-holds-again",
        "A second press of a page's form places a second hold.",
        SALE,
        ("C6",),
    ),
    Mutant(
        "053-page-of-another-order",
        "A page shows the seats of another order of the same size.",
        SALE,
        ("C1",),
    ),
    Mutant(
        "054-refused-exchange-returns",
        "A refused exchange returns the old admissions all the same.",
        SALE,
        ("C1", "C4", "C9"),
    ),
    Mutant(
        "055-exchange-keeps-both",
        "An exchanged booking keeps its old admissions beside the new ones.",
        SALE,
        ("C1", "C4"),
    ),
    Mutant(
        "056-one-too-many-returns",
        "A partial cancel also returns admissions that it does not name.",
        SALE,
        ("C1", "C4"),
    ),
    Mutant(
        "057-returned-still-counted",
        "The counters still have what a booking has returned.",
        SALE,
        ("C4", "C3"),
    ),
    Mutant(
        "060-limited-member-sees-all",
        "One list forgets that its member may see some events only.",
        CALLERS,
        ("C9",),
    ),
    Mutant(
        "061-revoked-key-still-sells",
        "A server that knows a key never asks again whether it was revoked.",
        CALLERS,
        ("C9",),
    ),
)
