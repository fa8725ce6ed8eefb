"""The programme: everything that a valuation reads besides the device, the answers and the instant."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from miexchange._arguments import TEXT, takes
from miexchange._bounded import Id, Items, Text
from miexchange._limits import VERSIONS
from miexchange._privacy import mask
from miexchange._text import is_a, printable
from miexchange._value import Fault, Pickled, canonical, check_types, flag, instant
from miexchange._zone import AnyZone, data_of
from miexchange.catalogue import Catalogue
from miexchange.eligibility import EligibleModels
from miexchange.market import AnchorTable, PriceTable
from miexchange.money import Currency, PriceMinor
from miexchange.programme.terms import Terms
from miexchange.tac import TacTable
from miexchange.treatment import NO_TREATMENTS, TreatmentTable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date, datetime
    from pathlib import Path

    from miexchange.errors import Problem

__all__ = ["Programme", "doubts", "lint", "new_programme", "shipped"]


@dataclass(frozen=True, eq=False)
class Programme(Pickled):
    """One programme: everything that a valuation reads besides the device, the answers and the instant.

    Two programmes are equal when their digests are. A new price list makes a new programme; a
    service swaps one reference.

    Attributes:
        id: the programme's id.
        title: its display name.
        zone: the zone of its days: a fixed offset, or a `Zone` of the IANA database.
        currency: the currency of every amount in it.
        brands: the accepted brands of old phones.
        catalogue: the known models.
        eligible: the dated list of accepted models.
        prices: the dated market prices.
        anchors: the dated repair anchors.
        tacs: the TAC table.
        terms: the dated terms, oldest first.
        categories: the accepted categories of old devices, such as ``smartphone``.
        price_step_minor: every market price is a multiple of this, in minor units. The larger it is, the larger
            the shares of the price that answers may take without a dearer device ever being worth less.
        treatments: the dated tax treatments of the parts of a trade-in; none if it has none.
    """

    id: Id
    title: Text
    zone: AnyZone
    currency: Currency
    brands: frozenset[str]
    catalogue: Catalogue
    eligible: EligibleModels
    prices: PriceTable
    anchors: AnchorTable
    tacs: TacTable
    terms: Annotated[tuple[Terms, ...], Items(0, VERSIONS, "version")]
    categories: frozenset[str]
    price_step_minor: PriceMinor = 1
    treatments: TreatmentTable = NO_TREATMENTS

    def __post_init__(self) -> None:
        check_types(self)

    def _faults(self) -> Iterator[Fault]:
        for number, (before, terms) in enumerate(pairwise(self.terms), 1):
            if terms.effective_from <= before.effective_from:
                rule = f"begin after version {mask(before.version)}, {before.effective_from.isoformat()}"
                yield f"terms.{number}.effective_from", terms.effective_from, rule

    @classmethod
    def load(cls, source: str | Path) -> Programme:
        """Load a programme.

        Args:
            source: the id of a programme that ships with the package, or the path of a directory.

        Raises:
            ProgrammeNotFoundError: there is no programme with that id, or at that path.
            DataError: every problem, as file, line and reason.
        """
        from miexchange.programme import _load  # noqa: PLC0415 - it imports this module

        return _load.load(source)

    def save(self, directory: str | Path, *, overwrite: bool = False) -> Path:
        """Write the programme as a directory, and return its path; loading it gives an equal programme.

        The files are written under another name, and loaded to compare them, before the directory is renamed: it
        is complete, or does not exist. The same programme gives the same bytes. Comments of the files that it was
        loaded from, and the ``source`` of the head of ``programme.toml``, are not written.

        Args:
            directory: a directory that does not exist yet; its parents are created.
            overwrite: whether an existing programme is replaced, with all its files. A directory that contains
                anything but ``.toml`` and ``.csv`` files is refused.

        Raises:
            DataError: `load` would refuse the programme, by file, line and reason.
            InvalidValue: the path exists already, the directory cannot be written, or the programme has a value that
                would be loaded as another one, such as a text with space around it.

        >>> from tempfile import TemporaryDirectory
        >>> programme = Programme.load("mi-exchange-india")
        >>> with TemporaryDirectory() as folder:
        ...     Programme.load(programme.save(f"{folder}/copy")) == programme
        True
        """
        from miexchange.programme import _save  # noqa: PLC0415 - it imports this module

        return _save.save(self, directory, overwrite=overwrite)

    def to_dict(self) -> dict[str, Any]:
        """Return the programme as plain JSON data: its content, in one form independent of its files."""
        from miexchange.programme import _form  # noqa: PLC0415 - it imports this module

        return _form.form_of(self).to_dict()

    def to_json(self) -> str:
        """Return the canonical JSON text of all its content; see `to_dict`.

        >>> programme = Programme.load("uk-trade-in")
        >>> again = Programme.from_json(programme.to_json())
        >>> again == programme, again.digest == programme.digest
        (True, True)
        """
        return canonical(self.to_dict())

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Programme:
        """Read a programme back from the result of `to_dict`.

        Raises:
            InvalidValue: the data is not the JSON form of a programme.
        """
        from miexchange.programme import _form  # noqa: PLC0415 - it imports this module

        return _form.programme_of(_form.Form.from_dict(data))

    @classmethod
    def from_json(cls, text: str | bytes) -> Programme:
        """Read a programme back from its JSON text.

        Like the constructor, it checks each value but not the rules of `lint`: read a text from outside only
        if you know its digest.

        Raises:
            InvalidValue: the text is not the JSON form of a programme; the first fault is named with its path.
        """
        from miexchange.programme import _form  # noqa: PLC0415 - it imports this module

        return _form.programme_of(_form.Form.from_json(text))

    def terms_at(self, at: datetime) -> Terms | None:
        """Return the terms in force at an instant, or None before the first ones."""
        position = bisect_right(self._beginnings, instant(at, "at"))
        return self.terms[position - 1] if position else None

    @cached_property
    def _beginnings(self) -> tuple[datetime, ...]:
        return tuple(terms.effective_from for terms in self.terms)

    @cached_property
    def zone_data(self) -> str:
        """The version of the zone data for its days; "" for a fixed offset.

        It is not part of the digest: unchanged files are one programme, on whatever machine they are read.
        """
        return data_of(self.zone)

    @cached_property
    def price_names(self) -> dict[tuple[str, datetime], tuple[str, str]]:
        """Effect and row of every market price, for the first line of a quote: computed once."""
        names = {}
        for price in self.prices:
            since = price.effective_from.astimezone(self.zone).date()
            effect = f"{price.basis} price of a clean device since {since}"
            names[price.model, price.effective_from] = (effect, f"market_prices[{price.model}@{since}]")
        return names

    @cached_property
    def _kept(self) -> dict[str, Any]:
        """Whatever valuations keep of this programme by model: see `miexchange._periods`."""
        return {}

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical content: comments, order of rows and file names do not matter."""
        from miexchange.programme._digest import digest_of  # noqa: PLC0415 - it loads OpenSSL, which an import need not

        return digest_of(self)

    @takes(digest=TEXT)
    def is_known_as(self, digest: str) -> bool:
        """Tell whether a digest is of this programme: the present one, or that of an earlier version of the package.

        Args:
            digest: the digest, as a quote has it.

        >>> programme = Programme.load("mi-exchange-india")
        >>> programme.is_known_as(programme.digest), programme.is_known_as("another")
        (True, False)
        """
        if digest == self.digest:
            return True
        return digest == self._digest_then

    @cached_property
    def _digest_then(self) -> str | None:
        """The digest of an earlier version: cached, as computing it writes the whole programme, once for each quote."""
        from miexchange.programme._digest import digest_then  # noqa: PLC0415 - as above

        return digest_then(self)

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return self.digest == other.digest if is_a(other, Programme) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        """Return its id and digest; its tables are too long to print."""
        size = f"{len(self.eligible)} listings, {len(self.terms)} terms"
        return f"<Programme {printable(self.id)} {self.digest[:12]}: {size}>"


def shipped() -> tuple[str, ...]:
    """Return the ids of the programmes that ship with the package.

    >>> shipped()
    ('graded-trade-in', 'mi-exchange-india', 'uk-trade-in')
    """
    from miexchange._data import folder  # noqa: PLC0415 - the data is looked for when it is asked for

    return tuple(sorted(file.parent.name for file in (folder() / "programmes").glob("*/programme.toml")))


def lint(source: str | Path, *, strict: bool = False) -> tuple[Problem, ...]:
    """Return all problems of a programme; none if `Programme.load` accepts it.

    Args:
        source: the id of a programme that ships with the package, or the path of a directory.
        strict: whether the findings of `doubts` count too, in a programme without problems.

    Raises:
        InvalidValue: `strict` is not a Boolean.
    """
    from miexchange.programme import _load  # noqa: PLC0415 - it imports this module

    return _load.lint(source, strict=flag(strict, "strict"))


def doubts(source: str | Path) -> tuple[Problem, ...]:
    """Return what is legal in a programme but surely wrong.

    That is a price five times its neighbours or its own last two, or a fifth of them, as a digit too many or too few
    makes it; a price of twice the launch price; more memory that is cheaper than less; the target of a bonus, a brand
    or a channel that nothing else names; and a price that differs from the last list that was published.

    Args:
        source: the id of a programme that ships with the package, or the path of a directory.

    Raises:
        DataError: the programme has problems; `lint` returns them.

    >>> doubts("uk-trade-in")
    ()
    """
    from miexchange.programme import _load  # noqa: PLC0415 - it imports this module

    return _load.doubts(source)


def new_programme(
    directory: str | Path,
    catalogue: object = None,
    prices: object = None,
    *,
    begins: date | None = None,
    like: str | Path | Programme = "mi-exchange-india",
    currency: str | None = None,
    zone: str | None = None,
    categories: Collection[str] | None = None,
    questions: Collection[str] | None = None,
    title: str | None = None,
) -> Path:
    """Write a new programme that lints, with a comment at each key, and return its directory.

    Questions, grades and settings are those of the last terms of another programme. Three things are not copied:
    bonuses; amounts, if the currency is another one (the source of such a row says so); and tax treatments, if
    the currency or the zone is another one. Indian terms from 22 October 2025 on demand a register's answer, as the
    law does.

    Args:
        directory: a directory that does not exist yet; its name becomes the programme's id.
        catalogue: the models: a `Catalogue`, or a source for `Catalogue.read`. Without it and `prices` there are two
            models of each category, with prices to replace: their sources say that they are examples.
        prices: their market prices: a `PriceTable`, or a source for `PriceTable.read`. Every model with a price is
            listed from the first day of its prices.
        begins: the first day of the programme; by default the first day with a price.
        like: the programme to copy from: the id of a shipped one, a directory, or a `Programme`.
        currency: a code of ISO 4217, such as ``JPY``; by default that of the other programme.
        zone: a name of the IANA database, such as ``Asia/Tokyo``; by default that of the other programme.
        categories: the accepted categories: models of others are not listed; without models there
            are examples of each. By default all those of the models, or those of the other programme.
        questions: the ids of the questions of the other programme that are asked; by default all that are asked of a
            listed model.
        title: its display name; by default its id.

    Raises:
        InvalidValue: an argument is of another type, there is no such currency, zone or question, or the directory
            exists already or cannot be written.
        ProgrammeNotFoundError: the programme to copy from does not exist.
        DataError: a table cannot be read, or the programme would not lint: every problem, by file, line and reason.

    >>> from datetime import date
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     made = new_programme(
    ...         f"{folder}/tokyo", begins=date(2026, 4, 1), currency="JPY", zone="Asia/Tokyo", like="uk-trade-in"
    ...     )
    ...     lint(made, strict=True), Programme.load(made)  # doctest: +ELLIPSIS
    ((), <Programme tokyo ...: 4 listings, 1 terms>)
    """
    from miexchange.programme import _new  # noqa: PLC0415 - it imports this module

    return _new.new_programme(
        directory,
        catalogue,
        prices,
        begins=begins,
        like=like,
        currency=currency,
        zone=zone,
        categories=categories,
        questions=questions,
        title=title,
    )
