"""Table: every planted bug, in one sentence, with the part of the proof that must catch it and by which rule.

To add one: change the product's source, `diff -U2` it from the repository's root into `NNN-name.patch` here, and take
the change back; `python -m proof.mutants --renew` gives all patches today's line numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["MUTANTS", "Mutant", "Part", "Probing", "Selling"]


@dataclass(frozen=True, slots=True)
class Probing:
    """A short scene of its own: `probes.py`."""

    probe: str

    @property
    def name(self) -> str:
        return f"probe {self.probe}"


@dataclass(frozen=True, slots=True)
class Selling:
    """The general workload over two servers, and everything that the checker and the product's own check say of it."""

    faults: tuple[str, ...] = ()
    """By name, drawn from so many `times` while it sells."""
    times: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the servers: what they must be like for the bug to show."""

    @property
    def name(self) -> str:
        return " ".join(["sale", *self.faults, *(f"{name}={value}" for name, value in self.settings.items())])


Part = Probing | Selling

SALE = Selling()
UNSWEPT = Selling(settings={"sweep_interval_seconds": "3600"})
KILLS = Selling(("kill-postgres",), times=4)
LOST_COMMITS = Selling(("commit-cut",), times=11)
GUARD = "holdfast_invariant_violations_total"
"""The database refused what had been decided, and the product counted it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A planted bug; `rules` are those by which its part may catch it, one of which must."""

    name: str
    bug: str
    part: Part
    rules: tuple[str, ...] = ()

    @property
    def accepted(self) -> tuple[str, ...]:
        return self.rules or (self.part.name,)


MUTANTS = (
    # -- who has what ----------------------------------------------------------------------------------------------
    Mutant(
        "001-seat-sold-twice", "Neither the decision nor an index asks who has a named seat.", SALE, ("C1",)
    ),
    Mutant(
        "002-seat-not-looked-at",
        "The decision does not ask who has a named seat; the database refuses what it decided.",
        SALE,
        (GUARD,),
    ),
    Mutant(
        "003-no-row-lock",
        "Batches do not take turns; the database refuses the second of two that meet.",
        SALE,
        (GUARD,),
    ),
    Mutant(
        "004-no-row-lock-and-no-witness",
        "Batches do not take turns, and the journal takes only one of two that meet.",
        SALE,
        ("C2", "C1", "C4", "C7"),
    ),
    Mutant(
        "011-released-after-its-end",
        "A hold that has ended can be released, and gives back what somebody else has by then.",
        SALE,
        ("C2", "C4"),
    ),
    Mutant(
        "022-half-a-hold",
        "Where one seat or line is refused, the others are sold all the same.",
        SALE,
        ("C1",),
    ),
    Mutant(
        "023-refused-seats-stay-picked",
        "Seats of a hold that was refused are never again the best available.",
        Probing("refused-hold-spoils-nothing"),
    ),
    Mutant(
        "026-counters-from-memory", "What is left of an area is what this process knew last.", SALE, ("C2",)
    ),
    Mutant(
        "027-one-too-many-for-the-guard",
        "An area sells one more than it has; the database refuses what was decided.",
        SALE,
        (GUARD,),
    ),
    Mutant(
        "028-one-too-many",
        "An area sells one more than it has, and the database does not mind.",
        SALE,
        ("C2",),
    ),
    Mutant(
        "029-cancelled-twice-over", "A cancelled booking gives back twice what it had.", SALE, ("C2", "C4")
    ),
    Mutant(
        "034-taken-seats-picked",
        "The engine's choice does not know what was taken; the database refuses what it chose.",
        SALE,
        (GUARD,),
    ),
    Mutant(
        "035-mirror-kept-after-a-failure",
        "What a batch had chosen is never for sale again when its commit fails.",
        Probing("failed-commit-spoils-nothing"),
    ),
    Mutant(
        "036-journal-not-followed",
        "A process does not learn what the others sold and gave back.",
        SALE,
        ("C3", GUARD),
    ),
    Mutant(
        "041-answers-crossed", "Of a batch's answers the first goes to who asked last.", SALE, ("C1", "C6")
    ),
    Mutant(
        "046-answers-of-another-event",
        "Of a batch of several events each one's answers go to another's buyers.",
        SALE,
        ("C1", "C6", "C4"),
    ),
    Mutant(
        "045-alarm-without-a-stop",
        "The live check tells of rows that disagree, and goes on selling on top of them.",
        Probing("alarm-stops-sales"),
    ),
    # -- time ------------------------------------------------------------------------------------------------------
    Mutant(
        "005-clock-of-the-transaction",
        "The time of a batch is that of its BEGIN, before it waited for the lock: now().",
        Probing("expiry-behind-a-lock"),
    ),
    Mutant(
        "006-clock-before-the-lock",
        "The clock is read before the lock is waited for.",
        Probing("expiry-behind-a-lock"),
    ),
    Mutant(
        "007-lapsed-hold-booked", "A lapsed hold can be confirmed until its row is rewritten.", SALE, ("C1",)
    ),
    Mutant(
        "008-live-holds-swept", "The sweeper ends holds up to a second too early.", SALE, ("C1", "C3", "C4")
    ),
    Mutant("009-sweeper-renews", "The sweeper gives lapsed holds another life.", SALE, ("C1", "C3")),
    Mutant(
        "010-bookings-swept",
        "The sweeper ends bookings, too, when their hold would have.",
        SALE,
        ("C1", "C4"),
    ),
    Mutant(
        "030-lapsed-until-swept",
        "A lapsed hold keeps what it has until the sweeper comes, and that does not come.",
        UNSWEPT,
        ("C3",),
    ),
    Mutant(
        "031-extended-without-end",
        "A hold can be extended beyond the event's longest life.",
        Probing("extension-has-an-end"),
    ),
    Mutant("032-extension-not-written", "An extension is told and not written.", SALE, ("C1", "C3", "C4")),
    Mutant(
        "033-cancelled-event-confirms",
        "Holds of a cancelled event can be confirmed.",
        Probing("cancelled-event-sells-nothing"),
    ),
    Mutant(
        "038-not-modified-though-lapsed",
        "An expiry does not change the ETag: 304 though a hold has lapsed.",
        Probing("expiry-changes-the-state"),
    ),
    Mutant(
        "040-scan-begins-too-late",
        "The sweep moves the scan for lapsed holds past some that have not lapsed.",
        SALE,
        ("C3", "C4", "C7", "holdfast check"),
    ),
    # -- retry keys ------------------------------------------------------------------------------------------------
    Mutant("012-booking-without-its-key", "A booking's answer is not stored under its key.", SALE, ("C6",)),
    Mutant("013-hold-without-its-key", "A hold's answer is not stored under its key.", SALE, ("C6",)),
    Mutant(
        "014-refusals-not-stored", "Refusals are not stored: the same key may succeed later.", SALE, ("C6",)
    ),
    Mutant(
        "015-key-of-every-principal",
        "A key is not scoped by who uses it.",
        Probing("keys-of-two-principals"),
    ),
    Mutant("016-key-of-every-route", "A key is not scoped by its route.", Probing("keys-of-two-routes")),
    Mutant("017-key-of-any-body", "A key is replayed whatever the body is.", Probing("key-of-another-body")),
    Mutant(
        "018-replay-without-a-write",
        "A replay only reads: it may be told of what a failover then loses.",
        Probing("replay-writes"),
    ),
    # -- what was acknowledged -------------------------------------------------------------------------------------
    Mutant("019-told-before-commit", "Success is told before COMMIT has returned.", KILLS, ("C4",)),
    Mutant(
        "020-synchronous-commit-off",
        "COMMIT returns before it is on the disk.",
        KILLS,
        ("C1", "C2", "C4", "C6"),
    ),
    Mutant(
        "021-unknown-told-as-unavailable",
        "An outcome that nobody knows is told as if nothing had happened.",
        LOST_COMMITS,
        ("C4", "C6", "C7", "C3"),
    ),
    # -- what is read, and by whom ---------------------------------------------------------------------------------
    Mutant("037-stale-picture", "Seats are read from what this process saw at first.", SALE, ("C7",)),
    Mutant(
        "039-release-not-in-the-journal", "A release is not in the journal.", SALE, ("C4", "holdfast check")
    ),
    Mutant(
        "024-limit-of-each-line", "The limit of a hold counts its largest line.", Probing("limit-over-lines")
    ),
    Mutant(
        "025-limit-read-before-the-lock",
        "What a buyer has is read before the lock.",
        Probing("limit-behind-a-lock"),
    ),
    Mutant(
        "042-token-by-its-beginning", "Of a hold's token only the beginning counts.", Probing("token-whole")
    ),
    Mutant(
        "043-foreign-hold-forbidden",
        "Another's hold is forbidden rather than absent: so it is there.",
        Probing("foreign-hold-is-absent"),
    ),
    Mutant(
        "044-anyone-may-release", "A hold is released without its token.", Probing("foreign-hold-is-absent")
    ),
    Mutant(
        "047-ranking-not-told",
        "The best blocks of a row are ranked once, and not again when its seats are sold.",
        Probing("best-available-sells-out"),
    ),
    Mutant(
        "048-body-known-by-its-beginning",
        "A body that begins like one that was read is taken for that one.",
        Probing("quantity-is-what-was-asked-for"),
    ),
)
