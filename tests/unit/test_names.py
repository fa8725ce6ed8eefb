"""How people and TAC tables call a phone: its variants by name and memory, and its makers."""

from __future__ import annotations

import pickle
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from miexchange import Catalogue, DataError, Device, InvalidValue, ReasonCode, Variant
from miexchange._decisions import BITS
from miexchange._makers import Maker, TacReader, TacReading, makers, name_key, read_makers
from miexchange._problems import Problems
from miexchange._text import closest, words
from miexchange.batch import appraise_frame
from miexchange.batch.plan._tacs import PAGE, tac_rules
from miexchange.eligibility import naming_code, tac_code
from miexchange.tac import TacDevice, TacTable
from shipped import shipped_programme

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = shipped_programme("graded-trade-in").catalogue
DIGITS = "354178036859789"


def ids(variants: tuple[Variant, ...]) -> list[str]:
    return [variant.model for variant in variants]


# Names.


@pytest.mark.parametrize(
    "name",
    [
        "OnePlus 3T (6 GB, 64 GB)",
        "oneplus 3t 6gb 64gb",
        "OnePlus 3T 6GB+64GB",
        "OnePlus 3T 6GB/64GB",
        "OnePlus 3T - 6 GB RAM | 64 GB",
        "OnePlus 3T [64 GB]",
        "ONEPLUS_3T_64GB",
        "Oneplus-3T-6-64",
        " oneplus-3t-6-64\n",
    ],
)
def test_a_name_with_its_memory_leads_to_the_variant(name: str) -> None:
    assert ids(CATALOGUE.meant(name)) == ["oneplus-3t-6-64"]
    assert CATALOGUE.named(name) is CATALOGUE.by_model["oneplus-3t-6-64"]


def test_every_label_id_and_family_leads_home_and_no_two_share_a_key() -> None:
    for variant in CATALOGUE.variants:
        for name in (variant.model, variant.label, variant.label.upper(), variant.model.upper()):
            assert CATALOGUE.named(name) is variant, name
        for name in (variant.name, *variant.aliases):
            assert CATALOGUE.family_of(variant.brand, name) == variant.family
        assert CATALOGUE.meant(variant.family) == CATALOGUE.variants_of(variant.family)
    for key_of in (
        lambda variant: name_key(variant.family),
        lambda variant: name_key(variant.name) + variant.brand,
    ):
        keys = {(key_of(variant), variant.family) for variant in CATALOGUE.variants}
        assert len({key for key, _ in keys}) == len(keys)
    for key_of in (lambda variant: name_key(variant.label), lambda variant: name_key(variant.model)):
        assert len(set(map(key_of, CATALOGUE.variants))) == len(CATALOGUE.variants)


@pytest.mark.parametrize(
    "name",
    [
        "Google Pixel 4 128",  # another phone than the one with the id google-pixel-4-128
        "Google Pixel 4 128 GB",
        "oneplus 3t 6 64",
        "OnePlus 3T 32 GB",
        "OnePlus 3T 6 GB",  # it could be storage as well
        "x" * 201,
        "OnePlus 3T" + " " * 200,
        "-",
        "",
    ],
)
def test_what_is_not_said_clearly_is_unknown(name: str) -> None:
    assert CATALOGUE.meant(name) == ()
    assert naming_code(name, CATALOGUE) is ReasonCode.MODEL_UNKNOWN


def test_a_storage_that_two_variants_have_asks_which() -> None:
    one, other = (Variant(f"acme-one-{ram}-64", "Acme", "One", "smartphone", ram * 1024, 64) for ram in (4, 6))
    catalogue = Catalogue.of((one, other, Variant("acme-one-6-128", "Acme", "One", "smartphone", 6144, 128)))
    assert catalogue.meant("Acme One 64GB") == (one, other)
    assert catalogue.named("Acme One 64GB") is None
    assert naming_code("Acme One 64GB", catalogue) is ReasonCode.VARIANT_MISSING
    assert ids(catalogue.meant("Acme One 128GB")) == ["acme-one-6-128"]


def test_spaces_between_digits_tell_names_apart_and_may_be_left_out() -> None:
    old, new = (
        Variant("acme-j7-2016", "Acme", "Jay 7 (2016)", "smartphone", None, 16),
        Variant("acme-j7", "Acme", "Jay 7", "smartphone", None, 16),
    )
    catalogue = Catalogue.of((new, old))
    for name in ("acme jay 7 2016", "AcmeJay7-2016", "jay 7/2016", "Jay72016"):
        assert catalogue.named(name) is old, name
    assert catalogue.named("Jay 7 20 16") is None
    assert catalogue.named("Jay 7.2016") is None  # another number


def test_a_name_that_leads_to_two_leads_to_none() -> None:
    one, two = (
        Variant("a-1", "Acme", "Uno", "smartphone", None, 4, aliases=("Duo",)),
        Variant("a-2", "Acme", "Duo", "smartphone", None, 8),
    )
    three, four = (
        Variant("A-2 ", "Zeta", "Trio", "smartphone", None, 4),
        Variant("a-4", "zeta", "TRIO", "smartphone", None, 8),
    )
    catalogue = Catalogue.of((one, two, three, four))
    assert catalogue.named("Acme Uno") is one
    assert catalogue.named("a-2") is two
    for name in ("Acme Duo", "Duo", "Zeta Trio", "A-2", "Acme Duo 4 GB"):
        assert catalogue.meant(name) == (), name
    assert catalogue.family_of("Acme", "Duo") is None
    assert tac_code((TacDevice("Acme", "Duo"),), two, catalogue) is None  # as the catalogue itself spells it


def test_a_name_of_nothing_but_signs_between_letters_is_nobody_s() -> None:
    catalogue = Catalogue(
        (Variant("-", "-", "()", "smartphone", None, 4), Variant("b" * 200, "c" * 200, "d", "smartphone", None, 4))
    )
    for name in ("", "-", "()", "- ()", "c" * 200):
        assert catalogue.meant(name) == (() if name != "-" else catalogue.variants[:1])


def test_a_doubled_brand_is_one_brand_even_without_a_space() -> None:
    for name in ("OnePlus 3T", "OnePlus3T", "3T", "ONEPLUS-3T"):
        assert CATALOGUE.family_of("OnePlus", name) == "OnePlus 3T"
    assert CATALOGUE.family_of("OnePlus", "x" * 200) is None


def test_a_search_reads_words_as_names_are_read() -> None:
    assert "oneplus-3t-6-64" in ids(CATALOGUE.search("\uff2f\uff4eePlus\u00a03T"))
    for text in ("OnePlus 3\u0422", "***", "-", "x" * 201):
        assert CATALOGUE.search(text) == ()
    assert CATALOGUE.nearest("x" * 201) == ()
    assert ids(CATALOGUE.search("oneplus-3t-6-1")) == ["oneplus-3t-6-128"]


NAMES = (
    "oneplus-3t-6-64",
    "OnePlus 3T (6 GB, 64 GB)",
    "OnePlus 3\u0422",
    "Galaxy S8\uff0b",
    "Honor 8 \u9752\u6625\u7248",
    "OnePlus 3T",
    "",
)


def test_a_column_of_names_is_read_as_one_name_is() -> None:
    programme = shipped_programme("graded-trade-in")
    table = pd.DataFrame({"model": [*NAMES, "x" * 201]})
    for question in programme.terms[0].questionnaire.questions:
        table[question.id] = question.options[0].value if hasattr(question.options[0], "value") else ""
    result = appraise_frame(table, programme, at=programme.terms[0].effective_from)
    for name, reasons in zip(table["model"], result["reasons"], strict=True):
        said = {code for code in ("model_unknown", "variant_missing") if code in str(reasons)}
        variant = programme.catalogue.named(name)
        assert said == (set() if variant else {naming_code(name, programme.catalogue).value}), name


# Makers.

NEXUS, PIXEL, HONOR, PLUS = "google-nexus-5-2-16", "google-pixel-4-128", "honor-8-4-32", "oneplus-3t-6-64"
NOTE, GALAXY, YUREKA = "xiaomi-redmi-note-4-4-64", "samsung-galaxy-s8-4-64", "micromax-yu-yureka-2-16"
OWN, DOUBT, OTHER = None, ReasonCode.TAC_UNKNOWN, ReasonCode.TAC_OTHER_MODEL

CALLED = [
    # By the maker of a phone of another brand, or by the company's name in full: the genuine phone.
    (NEXUS, "LG", "Nexus 5", OWN),
    (NEXUS, "LG Electronics Inc.", "Nexus 5", OWN),
    (NEXUS, "LG", "LG Nexus 5", OWN),
    (NEXUS, "Google", "LG Nexus 5", OWN),
    (NEXUS, "LG", "Google Nexus 5", OWN),
    ("google-nexus-6p-3-32", "Huawei", "Nexus 6P", OWN),
    ("google-nexus-6p-3-32", "HUAWEI Technologies Co., Ltd", "NEXUS 6P", OWN),
    (PIXEL, "HTC Corporation", "Pixel", OWN),
    (NOTE, "Xiaomi Communications Co Ltd", "Redmi Note 4", OWN),
    (NOTE, "Beijing Xiaomi Electronics Co.,Ltd.", "Xiaomi Redmi Note 4", OWN),
    (NOTE, "Redmi", "Note 4", OWN),
    (PLUS, "OnePlus Technology (Shenzhen) Co., Ltd.", "OnePlus 3T", OWN),
    (PLUS, "Guangdong OPPO Mobile Telecommunications Corp., Ltd", "OnePlus 3T", OWN),
    (PLUS, "OPPO", "3T", OWN),
    (HONOR, "Huawei Device (Dongguan) Co Ltd", "Honor 8", OWN),
    (GALAXY, "Samsung Korea", "Galaxy S8", OWN),
    (GALAXY, "Samsung Electronics Co Ltd", "", OWN),
    (YUREKA, "YU Televentures", "Yureka", OWN),
    ("asus-zenfone-2-2-16", "ASUSTeK Computer Inc.", "ZenFone 2", OWN),
    # The claimed model under a brand that is nobody's, or another's, or with more words; an unknown name.
    (PLUS, "Shenzhen Foo Ltd", "3T", DOUBT),
    (PLUS, "Shenzhen Foo Ltd", "OnePlus 3T", DOUBT),
    (PLUS, "HMD Global Oy", "3T", DOUBT),
    (NEXUS, "Foxconn", "Nexus 5", DOUBT),
    (NEXUS, "LG Electronics", "Nexus 5 D821", DOUBT),
    (NEXUS, "LG Electronics", "Nexus 5 D821 Black", DOUBT),
    (NEXUS, "LG", "LG", DOUBT),
    (NEXUS, "LG", "", DOUBT),
    (PLUS, "One Plus", "A3003", DOUBT),
    (PLUS, "", "A3003", DOUBT),
    (PLUS, "", "3T", DOUBT),
    (GALAXY, "Samsung Korea", "SM-G950F", DOUBT),
    (HONOR, "Huawei", "FRD-L02", DOUBT),
    # A truly different phone.
    (NEXUS, "LG", "Nexus 5X", OTHER),
    (NEXUS, "LG", "G4", OTHER),
    (NEXUS, "Nokia", "3310", OTHER),
    (NOTE, "Xiaomi Communications Co Ltd", "Redmi Note 5", OTHER),
    (GALAXY, "Samsung Korea", "Galaxy S8+", OTHER),
    (PLUS, "Samsung Korea", "", OTHER),
    (PLUS, "", "Galaxy S8", OTHER),
    (PLUS, "", "Nokia 3310", OTHER),
    (PLUS, "Guangdong OPPO", "Find 7", OTHER),
    (PLUS, "Oppo", "Mi 3T", OTHER),
    ("sony-xperia-z1-2-16", "Sony Ericsson", "K750i", OTHER),
    ("oneplus-x-3-16", "Motorola", "Moto X", OTHER),
    ("oneplus-3-6-64", "Xiaomi", "Redmi 3", OTHER),
    (PLUS, "Foo" * 66, "3T", OTHER),  # longer than any name
]


@pytest.mark.parametrize(("model", "brand", "name", "code"), CALLED)
def test_a_tac_table_may_call_a_phone_by_its_maker(model: str, brand: str, name: str, code: ReasonCode | None) -> None:
    variant = CATALOGUE.by_model[model]
    device = TacDevice(brand, name)
    assert tac_code((device,), variant, CATALOGUE) is code
    assert tac_code((TacDevice("Acme", "Other"), device), variant, CATALOGUE) is code
    assert CATALOGUE.tac_reading(device) is CATALOGUE.tac_reading(TacDevice(brand, name))


def test_columns_read_the_rows_of_a_tac_table_as_one_device_does() -> None:
    devices = [(brand, name) for _, brand, name, _ in CALLED]
    table = TacTable.of((f"{35_000_001 + number}", *device) for number, device in enumerate(devices))
    families = [CATALOGUE.by_model[model] for model in dict.fromkeys(model for model, *_ in CALLED)]
    rules = tac_rules(table, CATALOGUE, families)
    for number, device in enumerate(devices):
        tac = 35_000_001 + number
        group = rules.cells[rules.pages[tac // PAGE] + tac % PAGE]
        for position, variant in enumerate(families):
            code = tac_code((TacDevice(*device),), variant, CATALOGUE)
            said = rules.reasons[rules.said[group, position]] & (BITS[DOUBT] | BITS[OTHER])
            assert said == (0 if code is None else BITS[code]), (device, variant.model)


def test_no_row_that_names_the_claimed_model_is_another_model() -> None:
    """A row that names the claimed model under another brand is a doubt at most."""
    for variant in CATALOGUE.variants:
        for brand in ("LG", "Foo Ltd", "", "Nokia", *sorted({other.brand for other in CATALOGUE.variants})):
            if CATALOGUE.tac_reading(TacDevice(brand, variant.name)).families <= {variant.family}:
                code = tac_code((TacDevice(brand, variant.name),), variant, CATALOGUE)
                assert code in {OWN, DOUBT}, (brand, variant.name)


def test_a_brand_may_be_spelled_in_several_ways_and_two_makers_in_one_text() -> None:
    one, two = Variant("a", "ACME", "One", "smartphone", None, 4), Variant("b", "Acme", "Two", "smartphone", None, 4)
    three = Variant("c", "Bolt", "Three", "smartphone", None, 4)
    reader = TacReader(Catalogue((one, two, three)), {"foo works": Maker(frozenset(), frozenset({"bolt"}))})
    assert reader.read(TacDevice("acme inc", "")) == TacReading(brands=frozenset({"ACME", "Acme"}))
    assert reader.read(TacDevice("Bolt Acme", "X9")).doubtful_brands == {"ACME", "Acme", "Bolt"}
    assert reader.read(TacDevice("The Foo Works", "Three")).families == {"Bolt Three"}
    assert pickle.loads(pickle.dumps(reader)).read(TacDevice("Acme", "Two")).families == {"Acme Two"}  # noqa: S301
    assert TacReader(Catalogue(()), {}).read(TacDevice("Acme", "One")) == TacReading()


def test_a_row_of_a_tac_table_is_read_up_to_the_length_of_a_name() -> None:
    reader = TacReader(CATALOGUE, makers())
    assert reader.read(TacDevice("Samsung", "x" * 192)).doubtful_brands == {"Samsung"}
    assert reader.read(TacDevice("Samsung", "x" * 193)) == TacReading()


def test_a_name_is_compared_up_to_its_length_and_alone_from_four_characters_on() -> None:
    assert name_key("x" * 200) == "x" * 200
    assert name_key("x" * 201) == ""
    variants = (Variant(f"acme-{name}", "Acme", name, "smartphone", None, 4) for name in ("Uno", "Quad"))
    catalogue = Catalogue.of(variants)
    assert ids(catalogue.meant("Quad")) == ["acme-Quad"]
    assert catalogue.meant("Uno") == (), "too short without its brand"
    assert ids(catalogue.meant("Acme Uno")) == ["acme-Uno"]


def test_a_row_that_names_nobody_is_not_of_a_brand_of_signs() -> None:
    reader = TacReader(Catalogue((Variant("a", "()", "One", "smartphone", None, 4),)), {})
    assert reader.read(TacDevice("Foo", "Two")) == TacReading()


def test_the_longest_name_of_a_maker_counts() -> None:
    table = {"foo": Maker(frozenset({"acme"})), "foo works": Maker(frozenset({"bolt"}))}
    variants = (Variant(brand, brand, "One", "smartphone", None, 4) for brand in ("Acme", "Bolt"))
    reader = TacReader(Catalogue(tuple(variants)), table)
    for brand, families in (("Foo", {"Acme One"}), ("Foo Works", {"Bolt One"}), ("The Foo Works Ltd", {"Bolt One"})):
        assert reader.read(TacDevice(brand, "One")).families == families
        assert reader.read(TacDevice(brand, "Foo Works One")).families == ({"Bolt One"} & families)


@pytest.mark.parametrize("row", makers().items(), ids=lambda row: row[0])
def test_every_maker_of_the_table_is_spelled_by_its_words_and_makes_something(row: tuple[str, Maker]) -> None:
    name, maker = row
    assert maker.own or maker.contract
    assert not maker.own & maker.contract
    assert all(name_key(text) for text in (name, *maker.own, *maker.contract))


def test_a_table_of_makers_says_which_brands_are_their_own(tmp_path: Path) -> None:
    longest = "x" * 200
    rows = f"LG Electronics,LG,own,a\nLG Electronics,Google,contract,a\nfoo,{longest},own,a\n{longest},Foo,own,a\n"
    (tmp_path / "makers.csv").write_text(f"{HEAD}{rows}", encoding="utf-8")
    problems = Problems()
    table = read_makers(tmp_path / "makers.csv", problems)
    assert problems.found == []
    assert table == {
        "lg electronics": Maker(own=frozenset({"lg"}), contract=frozenset({"google"})),
        "foo": Maker(own=frozenset({longest})),
        longest: Maker(own=frozenset({"foo"})),
    }


HEAD = "maker,brand,role,source\n"
WELL = "LG,Google,contract,a page\n"
MISTAKES = [
    (f"{HEAD}{WELL},Google,contract,a page\n", 3, "maker", "is empty"),
    (f"{HEAD}{WELL}LG,,own,a page\n", 3, "brand", "is empty"),
    (f"{HEAD}{WELL}LG,LG,maker,a page\n", 3, "role", "Write one of: own, contract"),
    (f"{HEAD}{WELL}LG,LG,own,\n", 3, "source", "is empty"),
    (f"{HEAD}{WELL}LG,Google,maker,a page\n", 3, "role", "Write one of: own, contract"),
    (f"{HEAD}{WELL}lg,GOOGLE,own,a page\n", 3, "maker", "duplicate maker and brand"),
    (f"{HEAD}{WELL}--,LG,own,a page\n", 3, "maker", "is no name"),
    (f"{HEAD}{WELL}LG,()/,own,a page\n", 3, "brand", "is no name"),
    (f"{HEAD}{WELL}{'x' * 201},LG,own,a page\n", 3, "maker", "is no name"),
    (f"{HEAD}{WELL}LG,LG,own\n", 3, "", "the row has 3 cells, the header 4"),
    (f"maker,brand,source\n{WELL}", 1, "role", "the column is missing"),
    (f"maker,brand,role,source,note\n{WELL}", 1, "note", "is not a column of this table"),
]


@pytest.mark.parametrize(("text", "line", "column", "words"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_in_the_table_of_makers_is_told_with_its_place(
    tmp_path: Path, text: str, line: int, column: str, words: str
) -> None:
    (tmp_path / "makers.csv").write_text(text, encoding="utf-8")
    problems = Problems()
    read_makers(tmp_path / "makers.csv", problems)
    (problem,) = problems.found
    assert (problem.line, problem.column) == (line, column)
    assert words in f"{problem.message} {problem.remedy}"
    with pytest.raises(DataError):
        problems.raise_if_any()


def test_a_name_that_is_none_is_not_compared_with_others() -> None:
    assert closest("x" * 201, ["x"], 1, 0.0) == []
    assert closest("x" * 200, ["x" * 199]) == ["x" * 199]
    assert closest("Redmi Note", ["Redmi Note 4", "Redmi Note 5", "Mi A1"]) in (["Redmi Note 4"], ["Redmi Note 5"])


DOORS: list[tuple[Any, str]] = [
    (Catalogue.lookup, "model"),
    (Catalogue.meant, "name"),
    (Catalogue.named, "name"),
    (Catalogue.variants_of, "family"),
    (Catalogue.search, "text"),
    (Catalogue.nearest, "text"),
    (lambda catalogue, given: catalogue.family_of(given, "3T"), "brand"),
    (lambda catalogue, given: catalogue.family_of("OnePlus", given), "name"),
]


@pytest.mark.parametrize(("ask", "field"), DOORS, ids=range(len(DOORS)))
@pytest.mark.parametrize("given", [None, 5, b"OnePlus 3T", ["OnePlus 3T"]], ids=repr)
def test_what_is_no_text_is_an_error_that_names_the_argument(ask: Any, field: str, given: object) -> None:  # noqa: ANN401 - of any method
    with pytest.raises(InvalidValue) as caught:
        ask(CATALOGUE, given)
    assert caught.value.field == field


def test_a_search_lists_an_unknown_memory_first() -> None:
    rows = [("a", 1, 32), ("b", None, 64), ("c", 1, None), ("d", None, 1), ("e", None, None)]
    catalogue = Catalogue.of(Variant(model, "Acme", "One", "tablet", ram, gb) for model, ram, gb in rows)
    for found in (catalogue.search("acme"), catalogue.variants_of("Acme One")):
        assert ids(found) == ["e", "d", "b", "c", "a"]
    for text in ("acme none", "acme nonegb", "acme 0gb", "acme 0"):
        assert catalogue.search(text) == (), "what is unknown is no memory"
    assert ids(catalogue.search("1mb")) == ["c", "a"]


MEMORIES = [
    (512, 4, "512 MB, 4 GB"),
    (1_536, 16, "1536 MB, 16 GB"),  # a GB and a half
    (1_023, 8, "1023 MB, 8 GB"),
    (1_024, 8, "1 GB, 8 GB"),
    (None, 8, "8 GB"),
    (2_048, None, "2 GB"),
    (None, None, ""),
]


@pytest.mark.parametrize(("ram", "storage", "memory"), MEMORIES)
def test_a_label_says_the_memory_that_is_known(ram: int | None, storage: int | None, memory: str) -> None:
    variant = Variant("a", "Acme", "One", "tablet", ram, storage)
    assert (variant.memory, variant.label) == (memory, f"Acme One ({memory})" if memory else "Acme One")


VARIANT = Variant("a", "Acme", "One", "smartphone", 4_096, 64)


@pytest.mark.parametrize(
    ("field", "right", "wrong"),
    [
        ("ram_mb", (1, 10**6, None), (0, 10**6 + 1)),
        ("storage_gb", (1, 10**6), (0, 10**6 + 1, None)),  # a smartphone is valued by it
        ("sims", (1, 4, None), (0, 5)),
        ("launch_price_minor", (1, 10**11, None), (0, 10**11 + 1)),
    ],
)
def test_a_number_of_a_variant_has_bounds(field: str, right: tuple[object, ...], wrong: tuple[object, ...]) -> None:
    assert [getattr(VARIANT.replace(**{field: value}), field) for value in right] == [*right]
    for value in wrong:
        with pytest.raises(InvalidValue) as caught:
            VARIANT.replace(**{field: value})
        assert caught.value.field == f"Variant.{field}"
    assert VARIANT.replace(category="tablet", storage_gb=None).storage_gb is None


def test_a_memory_is_read_however_people_write_it() -> None:
    catalogue = Catalogue.of((VARIANT, VARIANT.replace(model="b", ram_mb=1_536)))
    for ram, model in (("4 GB", "a"), ("1536MB", "b")):
        for between in (" ", ", ", "+", " + ", " RAM ", " RAM, ", " RAM + ", "ram+"):
            named = catalogue.named(f"acme one {ram}{between}64 GB")
            assert named is not None, between
            assert named.model == model
    for other in ("4 GB RAM RAM 64 GB", "4 64 GB", "RAM 64 GB"):
        assert catalogue.meant(f"acme one {other}") == ()


def test_a_bare_name_of_four_characters_needs_no_brand() -> None:
    catalogue = Catalogue.of((VARIANT.replace(name="Four"), VARIANT.replace(model="b", name="Two")))
    assert (ids(catalogue.meant("four")), ids(catalogue.meant("two")), ids(catalogue.meant("acme two"))) == (
        *(["a"], [], ["b"]),
    )


def test_a_brand_with_its_name_is_shorter_than_any_name() -> None:
    at_most = VARIANT.replace(brand="b" * 99, name="n" * 100)
    beyond = VARIANT.replace(model="b", brand="c" * 100, name="m" * 100)
    catalogue = Catalogue.of((at_most, beyond))
    assert catalogue.family_of("b" * 99, "n" * 100) == at_most.family
    assert catalogue.family_of("c" * 100, "m" * 100) is None
    assert ids(catalogue.meant("n" * 100)) == ["a"]


def test_a_name_is_read_up_to_its_length() -> None:
    for read in (CATALOGUE.meant, CATALOGUE.search, CATALOGUE.nearest):
        assert "oneplus-3t-6-64" in ids(read("OnePlus 3T 64GB".ljust(200))), read
        assert read("OnePlus 3T 64GB".ljust(201)) == (), read


WORDS = [
    ("3t", ["oneplus-3t-6-64", "oneplus-3t-6-128"]),
    ("oneplus 3t 64", ["oneplus-3t-6-64"]),
    ("64 3t onepl", ["oneplus-3t-6-64"]),
    ("3t 64gb", ["oneplus-3t-6-64"]),
    ("3t 6gb", ["oneplus-3t-6-64", "oneplus-3t-6-128"]),
    ("3t 6", []),  # a number is the whole of one
    ("3t gb", []),
    ("oneplus-3t", ["oneplus-3t-6-64", "oneplus-3t-6-128"]),  # how an id begins
    ("oneplus 3t 65", []),
]


@pytest.mark.parametrize(("text", "models"), WORDS)
def test_a_search_matches_every_word(text: str, models: list[str]) -> None:
    assert ids(CATALOGUE.search(text)) == models


def test_a_search_for_nothing_finds_all_the_shortest_name_first() -> None:
    found = CATALOGUE.search("")
    assert len(found) == len(CATALOGUE)
    order = [(len(one.family), one.family, one.ram_mb or 0, one.storage_gb or 0) for one in found]
    assert order == sorted(order)


@pytest.mark.parametrize("text", ["oneplus 3x", "Redmi Note 44", "galaxy", "Pixel", "acme nothing", "q"])
def test_the_nearest_names_are_the_most_similar_of_all(text: str) -> None:
    """difflib, at a half of the characters in common, over whatever a phone may be called; five phones at most."""
    labels: dict[str, list[str]] = {}
    for family in dict.fromkeys(
        variant.family for variant in sorted(CATALOGUE, key=lambda one: (one.ram_mb or 0, one.storage_gb or 0))
    ):
        for variant in CATALOGUE.variants_of(family):
            for label in (words(variant.name), words(variant.family), words(variant.label), variant.model):
                labels.setdefault(label, []).append(variant.model)
    close = get_close_matches(words(text), labels, n=10, cutoff=0.5)
    assert ids(CATALOGUE.nearest(text)) == [*dict.fromkeys(model for label in close for model in labels[label])][:5]


def test_a_name_of_one_letter_is_near_itself_and_names_share_two_letters_in_a_row() -> None:
    names = ("x", "ab34", "aybz")
    catalogue = Catalogue.of(
        Variant(f"{number}", "Acme", name, "tablet", None, None) for number, name in enumerate(names)
    )
    assert ids(catalogue.nearest("x")) == ["0"]
    assert ids(catalogue.nearest("ab12")) == ids(catalogue.nearest("cd34")) == ["1"]
    assert "2" not in ids(catalogue.nearest("axbx"))


DEVICES: list[tuple[dict[str, object], str]] = [
    ({}, "Device('acme')"),
    ({"imei": DIGITS}, "Device('acme', imei=Imei('35417803******9'))"),
    ({"imei2": f"{DIGITS}0"}, "Device('acme', imei2='35417803******90')"),
    ({"imei": int(DIGITS), "imei2": 35417803685978.0}, "Device('acme', imei=35417803******9, imei2=35417803******.0)"),
    ({"imei": "", "purchased_on": date(2018, 3, 1)}, "Device('acme', purchased_on=datetime.date(2018, 3, 1))"),
]


@pytest.mark.parametrize(("given", "shown"), DEVICES, ids=range(len(DEVICES)))
def test_a_device_shows_what_was_given_and_no_serial(given: dict[str, Any], shown: str) -> None:
    device = Device("acme", **given)
    assert repr(device) == shown
    bare = {"model": "acme", "imei": None, "imei2": None, "purchased_on": given.get("purchased_on")}
    assert device.to_dict() == {**bare, "purchased_on": str(bare["purchased_on"]) if bare["purchased_on"] else None}
    assert Device.from_json(device.to_json(reveal_imei=True)) == device


@pytest.mark.parametrize("field", ["imei", "imei2"])
def test_a_number_that_is_no_imei_is_kept_up_to_60_digits(field: str) -> None:
    most = 10**60 - 1
    kept: tuple[Any, ...] = (most, -most, 0, 1.5, -1.5, np.int64(7), "x")
    absent: tuple[Any, ...] = (None, float("nan"), pd.NA, pd.NaT)
    for number in kept:
        assert getattr(Device("acme", **{field: number}), field) == number
    for missing in absent:
        assert getattr(Device("acme", **{field: missing}), field) is None
    wrong: list[tuple[object, str]] = [(most + 1, "range"), (-most - 1, "range"), (float("inf"), "range")]
    for given, kind in [*wrong, (True, "type"), ([], "type"), (b"x", "type")]:
        with pytest.raises(InvalidValue, match="give an Imei or a text") as caught:
            Device("acme", **{field: given})  # type: ignore[arg-type]  # the fault that is tested
        assert (caught.value.field, caught.value.kind) == (f"Device.{field}", kind)


@pytest.mark.parametrize(
    ("field", "given"), [("model", 5), ("model", None), ("purchased_on", "2018-03-01"), ("purchased_on", 5)]
)
def test_an_argument_of_a_device_is_named(field: str, given: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        Device(**{"model": "acme", field: given})  # type: ignore[arg-type]  # the fault that is tested
    assert caught.value.field == f"Device.{field}"
    assert Device("acme", purchased_on=pd.NaT).purchased_on is None  # type: ignore[arg-type]  # as a table has it
