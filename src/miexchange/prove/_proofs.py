"""The results about a programme's laws: a proof for each, and all of them as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args

from miexchange._bounded import Id, Items, Line
from miexchange._limits import JSON_VALUES
from miexchange._value import Value
from miexchange.prove._phones import Counterexample

__all__ = ["LAWS", "Law", "Proof", "Proofs", "Verdict"]

Law = Literal[
    "worse_answer",
    "worse_fact",
    "dearer_market",
    "within_price",
    "floor_cap_step",
    "bonuses",
    "64_bits",
    "decisions",
    "reach",
]
Verdict = Literal["proved", "refuted", "undecided"]

LAWS: tuple[Law, ...] = get_args(Law)
"""The laws, in the order of checking; docs/prove.md explains each."""

_SAYS: dict[Law, str] = {
    "worse_answer": "a worse answer never pays more",
    "worse_fact": "an older phone, an older price or a lower class of customer never pays more",
    "dearer_market": "a dearer market never pays less",
    "within_price": "the exchange value is between nothing and the market price",
    "floor_cap_step": "floor, cap and step are as stated",
    "bonuses": "a higher exchange value never earns a smaller coupon",
    "64_bits": "no number leaves 64 bits",
    "decisions": "what speaks against a phone is never hidden, and worse evidence never helps",
    "reach": "every question, answer, band, class and bonus can be reached",
}


@dataclass(frozen=True, slots=True)
class Proof(Value):
    """The result about one law, for one version of the terms and one subject.

    Attributes:
        law: one of `LAWS`.
        terms: the version of the terms.
        subject: the subject, such as ``battery: weak after worn``; "" for the terms as a whole.
        verdict: ``proved`` for all prices, anchors, answers, ages, days, quotas and targets; ``refuted``: it does not
            hold; ``undecided``: neither within the time limit, which is not a proof.
        counterexample: phones that break the law, if there are any.
        detail: further information.
    """

    law: Law
    terms: Id
    subject: Line
    verdict: Verdict
    counterexample: Counterexample | None = None
    detail: Line = ""

    def __bool__(self) -> bool:
        """Tell whether it is proved."""
        return self.verdict == "proved"


@dataclass(frozen=True, slots=True)
class Proofs(Value):
    """The results about a programme. It is true if every law that was checked is proved.

    Attributes:
        programme: the programme's id.
        digest: the digest of the programme: another programme needs its own proofs.
        laws: the laws that were checked; one without a subject here, such as one about bonuses, has no proofs.
        proofs: the results, law by law.
    """

    _most_items: ClassVar[int] = JSON_VALUES

    programme: Id
    digest: Id
    laws: Annotated[tuple[Law, ...], Items(1, len(LAWS))]
    proofs: tuple[Proof, ...]

    def __bool__(self) -> bool:
        """Tell whether every law is proved."""
        return all(self.proofs)

    @property
    def refuted(self) -> tuple[Proof, ...]:
        """The laws that do not hold."""
        return tuple(proof for proof in self.proofs if proof.verdict == "refuted")

    @property
    def undecided(self) -> tuple[Proof, ...]:
        """The proofs that were neither found nor refuted within the time limit."""
        return tuple(proof for proof in self.proofs if proof.verdict == "undecided")

    def rows(self) -> tuple[tuple[str, int, int, int], ...]:
        """Return a row for each law: its text, and the numbers of proved, refuted and undecided results."""
        rows = []
        for law in LAWS:
            found = [proof.verdict for proof in self.proofs if proof.law == law]
            if found:
                rows.append((_SAYS[law], found.count("proved"), found.count("refuted"), found.count("undecided")))
        return tuple(rows)

    def markdown(self) -> str:
        """Return the rows as a table of Markdown."""
        head = f"| {self.programme} | proved | refuted | undecided |\n|---|---|---|---|\n"
        return head + "".join(
            f"| {law} | {proved} | {not_so} | {open_} |\n" for law, proved, not_so, open_ in self.rows()
        )
