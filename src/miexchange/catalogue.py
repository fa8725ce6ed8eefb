"""The model catalogue: every known variant, the spellings of its name, and the phone that a name means."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from heapq import nlargest
from typing import TYPE_CHECKING, Annotated, Any

from miexchange._bounded import Between, Id, Name, Note, Older, Since, Words
from miexchange._limits import NAME
from miexchange._makers import SHORTEST_BARE_NAME, TacReader, TacReading, makers, name_key
from miexchange._privacy import mask
from miexchange._table import Table
from miexchange._text import GREATEST_SHOWN, closest, is_missing, native, words
from miexchange._value import Value, argument, day
from miexchange._value import text as text_argument
from miexchange._written import object_writer
from miexchange.errors import InvalidImei, out_of_range, shown, wrong_type
from miexchange.imei import Imei
from miexchange.money import PriceMinor
from miexchange.tac import TacDevice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miexchange._value import Fault

__all__ = ["Catalogue", "Device", "Variant"]

_MB_PER_GB = 1024
_NEAREST = 5
_LOOKED_AT = 60
"""The labels most similar to a text, among which the nearest are found: comparing all of them takes long."""
_Memory = Annotated[int, Between(1, 10**6)]
_FOR_PEOPLE = ("launched_on_precision", "new_price_minor", "new_price_on", "new_price_source", "sims_source")
"""The columns of a model table that are not read."""


@dataclass(frozen=True, slots=True)
class Variant(Value):
    """One model in one memory size: the thing that a customer names, and that has a price.

    Attributes:
        model: the variant's id, such as ``xiaomi-redmi-note-4-4-64``.
        brand: the brand, as the catalogue spells it.
        name: the model's name without the brand.
        category: the kind of device, such as ``smartphone`` or ``tablet``.
        ram_mb: RAM in MB, or None if it is unknown, or the category has none.
        storage_gb: storage in GB, or None if the category has none.
        launched_on: the launch date in India, or None if no source states one.
        launch_price_minor: the price at launch, or None if no source states one.
        aliases: other names of the model.
        source: the source of the row's facts.
        sims: the number of SIMs, and so of IMEIs (3GPP TS 23.003, section 6.2.1: each has its own), or None if no
            source states it.
        features: features that not every model has, such as ``s_pen``, ``inner_screen`` or ``esim``: a question can
            be restricted to models with a feature (`miexchange.Question.asked_features`).
    """

    model: Id
    brand: Id
    name: Id
    category: Annotated[Id, Older(lambda: "smartphone")]
    ram_mb: _Memory | None
    storage_gb: _Memory | None
    launched_on: date | None = None
    launch_price_minor: PriceMinor | None = None
    aliases: tuple[Name, ...] = ()
    source: Note = ""
    sims: Annotated[int, Between(1, 4)] | None = None
    features: Annotated[Words, Since(2)] = ()

    def _faults(self) -> Iterator[Fault]:
        if self.category == "smartphone" and self.storage_gb is None:
            yield "storage_gb", None, "give the storage in GB: a smartphone is valued by it"

    @property
    def family(self) -> str:
        """Brand and name: all that a TAC determines. RAM and storage are not in a TAC (GSMA TS.06)."""
        return f"{self.brand} {self.name}"

    @property
    def memory(self) -> str:
        """RAM and storage for people, such as ``4 GB, 64 GB``; "" if it has neither."""
        known = [_ram(self.ram_mb)] if self.ram_mb else []
        return ", ".join([*known, f"{self.storage_gb} GB"] if self.storage_gb else known)

    @property
    def label(self) -> str:
        """The whole name for people, such as ``Xiaomi Redmi Note 4 (4 GB, 64 GB)``."""
        return f"{self.family} ({self.memory})" if self.memory else self.family


def _parts_of(label: str) -> dict[str, None]:
    """Return every pair of adjacent characters of a text, in order: similar texts share many."""
    return dict.fromkeys(label[at : at + 2] for at in range(max(len(label) - 1, 1)))


def _given(name: object, field: str) -> str:
    return name if type(name) is str else text_argument(name, field, "give a text")


def _ram(megabytes: int) -> str:
    whole, rest = divmod(megabytes, _MB_PER_GB)
    return f"{megabytes} MB" if rest else f"{whole} GB"


def _fits_word(word: str, name: set[str], memory: set[str]) -> bool:
    if word in name or word in memory:
        return True
    return not word.isdigit() and any(part.startswith(word) for part in name)


def _id_key(text: str) -> str:
    """Return the common form of an id's spellings: case and the kind of its dashes do not matter.

    Its dashes must be there: `Google Pixel 4 128` is another phone than the one with the id `google-pixel-4-128`.
    """
    return words(text) if len(text.split()) == 1 else ""


def _spellings_of_memory(variant: Variant) -> Iterator[str]:
    """Yield the keys of RAM and storage as people write them, the units always: `6 GB, 64 GB`, `6GB+64GB`, `64 GB`."""
    if variant.storage_gb is None:
        return
    storage = f"{variant.storage_gb}gb"
    yield storage
    if variant.ram_mb is not None:
        ram = name_key(_ram(variant.ram_mb))
        for between in ("", "+", "ram", "ram+"):
            yield f"{ram}{between}{storage}"


@dataclass(frozen=True)
class Catalogue(Table[Variant]):
    """Every known model, by id and by family.

    Attributes:
        variants: the rows, sorted by id; make a catalogue with `of` or `read`, of a CSV file or a DataFrame with the
            columns of ``data/models.csv``.
    """

    variants: tuple[Variant, ...]
    _kind = Variant
    _field = "variants"
    _optional = ("aliases", "sims", "features", *_FOR_PEOPLE)

    def lookup(self, model: str) -> Variant | None:
        """Return the variant with an id, or None; `named` reads other spellings too.

        Raises:
            InvalidValue: it is not a text.
        """
        return self.by_model.get(_given(model, "model"))

    @cached_property
    def by_model(self) -> dict[str, Variant]:
        """The variants by id."""
        return {variant.model: variant for variant in self}

    @cached_property
    def labels(self) -> dict[str, str]:
        """The variants' names for people, by id; computed once."""
        return {variant.model: variant.label for variant in self}

    @cached_property
    def _by_id_key(self) -> dict[str, set[Variant]]:
        keys: dict[str, set[Variant]] = defaultdict(set)
        for variant in self:
            keys[_id_key(variant.model)].add(variant)
        keys.pop("", None)
        return keys

    @cached_property
    def _by_family(self) -> dict[str, tuple[Variant, ...]]:
        families: dict[str, list[Variant]] = defaultdict(list)
        for variant in sorted(self.variants, key=lambda variant: (variant.ram_mb or 0, variant.storage_gb or 0)):
            families[variant.family].append(variant)
        return {family: tuple(variants) for family, variants in families.items()}

    @cached_property
    def _families(self) -> dict[str, set[str]]:
        """The families of every spelling: brand with name, and the bare name if it is long enough to be unambiguous.

        A spelling without spaces between digits is included too, unless it is another family's own.
        """
        keys: dict[str, set[str]] = defaultdict(set)
        for variant in self:
            for name in (variant.name, *variant.aliases):
                keys[name_key(f"{variant.brand} {name}")].add(variant.family)
                if len(bare := name_key(name)) >= SHORTEST_BARE_NAME:
                    keys[bare].add(variant.family)
        keys.pop("", None)  # for a name of nothing but dashes, or one too long to be real
        joined: dict[str, set[str]] = defaultdict(set)
        for key, families in keys.items():
            joined[key.replace(" ", "")] |= families
        return joined | keys

    @cached_property
    def _by_memory(self) -> dict[str, set[Variant]]:
        """The variants of every spelling of a family with its memory."""
        keys: dict[str, set[Variant]] = defaultdict(set)
        for key, families in self._families.items():
            for variant in self._by_family[min(families)] if len(families) == 1 else ():
                for memory in _spellings_of_memory(variant):
                    keys[name_key(f"{key} {memory}")].add(variant)
        return keys

    def _family(self, *keys: str) -> str | None:
        found: set[str] = set().union(*(self._families.get(key, ()) for key in keys))
        return found.pop() if len(found) == 1 else None

    def family_of(self, brand: str, name: str) -> str | None:
        """Return the family of a brand and a name, or None for a model not in the catalogue.

        A spelling of two families returns None.

        Raises:
            InvalidValue: one of them is not a text.
        """
        brand, name = _given(brand, "brand"), _given(name, "name")
        if len(brand) + len(name) >= NAME:
            return None
        key, alone = name_key(f"{brand} {name}"), name_key(name)
        return self._family(key, alone) if alone.startswith(name_key(brand)) else self._family(key)

    def meant(self, name: str) -> tuple[Variant, ...]:
        """Return the variants that a name may mean, of one family; none for a name that the catalogue lacks.

        A name is an id, a brand with a model, a model alone if no other brand has it, each with the memory or
        without, and a variant's label. Case, spaces, dashes and other ways to write the same letters do not matter
        (`miexchange._text.words`); a remaining letter makes the name unknown.

        Raises:
            InvalidValue: it is not a text.
        """
        name = _given(name, "name")
        if (variant := self.by_model.get(name)) is not None:
            return (variant,)
        if len(name) > NAME:
            return ()
        if (family := self.family_of("", name)) is not None:
            return self._by_family[family]
        found = self._by_id_key.get(_id_key(name)) or self._by_memory.get(name_key(name), set())
        families = {variant.family for variant in found}
        if len(families) != 1:
            return ()
        return tuple(variant for variant in self._by_family[families.pop()] if variant in found)

    def named(self, name: str) -> Variant | None:
        """Return the one variant that a name means, or None: see `meant`."""
        if type(name) is not str:
            name = _given(name, "name")
        variant = self.by_model.get(name)
        if variant is None:
            meant = self.meant(name)
            variant = meant[0] if len(meant) == 1 else None
        return variant

    @cached_property
    def by_name(self) -> dict[str, frozenset[str]]:
        """The families by the `name_key` of their name, without their brand and however short."""
        keys: dict[str, set[str]] = defaultdict(set)
        for variant in self:
            for name in (variant.name, *variant.aliases):
                keys[name_key(name)].add(variant.family)
        return {key: frozenset(families) for key, families in keys.items()}

    @cached_property
    def _tac_reader(self) -> TacReader:
        return TacReader(self, makers())

    def tac_reading(self, device: TacDevice) -> TacReading:
        """Return the models of a row of a TAC table: by its brand, or by the maker of phones of another brand."""
        return self._tac_reader.read(argument(device, TacDevice, "device"))

    def variants_of(self, family: str) -> tuple[Variant, ...]:
        """Return the variants of a family, as `Variant.family` spells it; the smallest memory first."""
        return self._by_family.get(_given(family, "family"), ())

    def search(self, text: str) -> tuple[Variant, ...]:
        """Return the variants that match every word of the text, in any order; the shortest name first.

        A word matches the beginning of a word of the name, a number the whole of it; ``64`` and ``4gb``
        match the memory as well. The beginning of an id matches the ids with that beginning.

        Raises:
            InvalidValue: it is not a text.
        """
        text = _given(text, "text")
        if len(text) > NAME:
            return ()
        sought, beginning = words(text).split(), _id_key(text)
        if not sought and text.strip():
            return ()
        found = []
        for variant in self:
            name = {word for spelled in (variant.family, *variant.aliases) for word in words(spelled).split()}
            memory = {f"{variant.storage_gb}", f"{variant.storage_gb}gb"} if variant.storage_gb else set()
            memory |= {_ram(variant.ram_mb).replace(" ", "").lower()} if variant.ram_mb else set()
            begins = bool(beginning) and _id_key(variant.model).startswith(beginning)
            if begins or all(_fits_word(word, name, memory) for word in sought):
                found.append(
                    (len(variant.family), variant.family, variant.ram_mb or 0, variant.storage_gb or 0, variant)
                )
        return tuple(variant for *_, variant in sorted(found, key=lambda row: row[:4]))

    def nearest(self, text: str) -> tuple[Variant, ...]:
        """Return a few variants whose name is similar to the text, for "did you mean"."""
        text = _given(text, "text")
        if len(text) > NAME:
            return ()
        sought = words(text)
        shared = Counter(label for part in _parts_of(sought) for label in self._labels_by_part.get(part, ()))
        among = nlargest(_LOOKED_AT, shared, key=lambda label: 1_000 * shared[label] // (len(sought) + len(label)))
        close = closest(sought, among, 2 * _NEAREST, 0.5)
        return tuple(dict.fromkeys(variant for label in close for variant in self._by_label[label]))[:_NEAREST]

    @cached_property
    def _by_label(self) -> dict[str, list[Variant]]:
        """The variants by each text by which a person may look for them."""
        labels: dict[str, list[Variant]] = defaultdict(list)
        for variants in self._by_family.values():
            for variant in variants:
                for label in (words(variant.name), words(variant.family), words(variant.label), variant.model):
                    labels[label].append(variant)
        return labels

    @cached_property
    def _labels_by_part(self) -> dict[str, list[str]]:
        parts: dict[str, list[str]] = defaultdict(list)
        for label in self._by_label:
            for part in _parts_of(label):
                parts[part].append(label)
        return parts


@dataclass(frozen=True, slots=True, init=False)
class Device(Value):
    """The old phone as the customer names it.

    A device has one or two IMEIs (dual SIM); either may be given, as text or as an `Imei`. A text
    that is not an IMEI, or a number, is not an error here: it becomes a reason of the refusal. A device
    without an IMEI gets an indicative quote.

    Attributes:
        model: the variant's id, or a name to be resolved ("Xiaomi Redmi Note 4").
        imei: one IMEI, or None.
        imei2: the other one, or None.
        purchased_on: the day of purchase, if the programme asks.
    """

    model: str
    imei: Imei | str | int | float | None = None
    imei2: Imei | str | int | float | None = None
    purchased_on: date | None = None
    _has_floats = True

    def __init__(
        self,
        model: str,
        imei: Imei | str | float | None = None,
        imei2: Imei | str | float | None = None,
        purchased_on: date | None = None,
    ) -> None:
        """Read the IMEIs: a valid one is converted. Any other text, and a number, stays, to be named in the refusal."""
        if type(model) is not str:
            model = text_argument(model, "Device.model", "give the variant's id or name")
        if purchased_on is not None:
            purchased_on = None if is_missing(purchased_on) else day(purchased_on, "Device.purchased_on")
        # Setting a slot by its own setter takes a third of the time: this is the hot path.
        _SET_MODEL(self, model)
        _SET_IMEI(self, imei if imei is None else _parsed(imei, "Device.imei"))
        _SET_IMEI2(self, imei2 if imei2 is None else _parsed(imei2, "Device.imei2"))
        _SET_PURCHASED_ON(self, purchased_on)

    def __post_init__(self) -> None:
        """Read the IMEIs of a device that pydantic has filled in."""
        Device.__init__(self, self.model, self.imei, self.imei2, self.purchased_on)

    def __repr__(self) -> str:
        """Show the device with its IMEIs masked."""
        numbers = "".join(
            f", {name}={_masked(number)}" for name, number in (("imei", self.imei), ("imei2", self.imei2)) if number
        )
        bought = "" if self.purchased_on is None else f", purchased_on={self.purchased_on!r}"
        return f"Device({self.model!r}{numbers}{bought})"

    def _written(self, reveal: bool, ordered: bool) -> dict[str, Any]:  # noqa: FBT001 - of `miexchange._written`
        data: dict[str, Any] = object_writer(Device, ordered)(self, reveal)
        return data if reveal else {**data, "imei": None, "imei2": None}  # an invalid one may be a typing error


_SET_MODEL, _SET_IMEI, _SET_IMEI2, _SET_PURCHASED_ON = (
    getattr(Device, name).__set__ for name in ("model", "imei", "imei2", "purchased_on")
)


def _parsed(number: object, field: str) -> object:
    if type(number) is not str and type(number) is not Imei:
        number = native(number)
    if type(number) is str:
        try:
            return Imei.parse(number)
        except InvalidImei:
            return number
    # Larger numbers and NaN have no JSON form.
    is_kept = type(number) in {int, float} and -GREATEST_SHOWN < number < GREATEST_SHOWN  # type: ignore[operator]
    if number is None or type(number) is Imei or is_kept:
        return number
    wrong = out_of_range if type(number) in {int, float} else wrong_type
    raise wrong(field, number, "give an Imei or a text")


def _masked(number: object) -> str:
    return repr(mask(number)) if type(number) is str else (repr(number) if isinstance(number, Imei) else shown(number))
