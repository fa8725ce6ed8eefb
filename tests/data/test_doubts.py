"""What is legal in a programme and surely wrong: each doubt once, where it is, and none where it is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from miexchange import Catalogue, DataError, InvalidValue, ProgrammeNotFoundError, Variant, lint
from miexchange.programme import doubts, shipped
from miexchange.programme._doubts import doubtful_prices

BASE = Path(__file__).parent / "programme_base"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BASE, tmp_path / "programme"))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file.name}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def told(base: Path) -> list[tuple[str, int | None, str, str]]:
    assert lint(base) == ()
    found = doubts(base)
    assert lint(base, strict=True) == found
    return [(Path(one.file).name, one.line, one.column, f"{one.message}. {one.remedy}") for one in found]


def variant(model: str, name: str, ram: int | None, storage: int) -> Variant:
    return Variant(model, "Acme", name, "smartphone", None if ram is None else ram * 1024, storage)


CATALOGUE = Catalogue.of(
    [
        variant("one-2", "One", 2, 16),
        variant("one-3", "One", 3, 32),
        variant("one-4", "One", 4, 64),
        variant("two-2", "Two", 2, 16),
        variant("two-x", "Two", None, 64),
        variant("solo", "Solo", 4, 64),
        variant("odd-a", "Odd", 2, 64),
        variant("odd-b", "Odd", 4, 32),
    ]
)


def doubted(**series: tuple[int, ...]) -> dict[str, str]:
    named = {model.replace("_", "-"): prices for model, prices in series.items()}
    return {doubt.model: doubt.message for doubt in doubtful_prices(named, CATALOGUE)}


def test_a_digit_too_many_is_found_beside_the_last_price() -> None:
    assert doubted(solo=(1_000, 10_500)) == {"solo": "solo costs 10500: that is 10.5 times its last price, 1000"}
    assert doubted(solo=(10_500, 1_000)) == {"solo": "solo costs 1000: that is its last price, 10500, divided by 10.5"}


@pytest.mark.parametrize("prices", [(1_000, 5_000), (5_000, 1_000), (1_000, 9_000, 9_000, 1_100)])
def test_a_price_is_far_from_five_times_on_and_from_two_earlier_ones(prices: tuple[int, ...]) -> None:
    assert [*doubted(solo=prices)] == ["solo"]


@pytest.mark.parametrize("prices", [(1_000,), (1_000, 4_999), (1_000, 10_000, 1_100), (5_000, 1_001)])
def test_a_price_near_one_of_its_last_two_is_not_doubted(prices: tuple[int, ...]) -> None:
    """A correction is near the price before the slip."""
    assert doubted(solo=prices) == {}


def test_a_digit_too_many_is_found_beside_its_kin_and_told_once() -> None:
    """What follows from a doubt, such as more memory that is then cheaper, is not told."""
    found = doubted(one_2=(10_000,), one_3=(1_200,), one_4=(1_400,))
    assert found == {"one-2": "one-2 costs 10000: that is 7.1 times the price of one-4, 1400"}


def test_a_digit_too_few_is_found_beside_two_of_its_kin() -> None:
    found = doubted(one_2=(10_000,), one_3=(12_000,), one_4=(1_400,))
    assert found == {"one-4": "one-4 costs 1400: that is the price of one-2, 10000, divided by 7.1"}
    assert [*doubted(one_2=(5_000,), one_3=(5_000,), one_4=(1_000,))] == ["one-4"]
    assert [*doubted(one_2=(5_000,), one_3=(5_000,), one_4=(1_001,))] == ["one-4"]  # cheaper with more memory
    assert doubted(one_2=(1_001,), one_3=(5_000,), one_4=(5_000,)) == {}
    assert [*doubted(one_2=(1_000,), one_3=(5_000,), one_4=(5_000,))] == ["one-2"]


def test_of_two_that_are_far_apart_the_dearer_is_named() -> None:
    assert [*doubted(two_2=(1_000,), two_x=(10_000,))] == ["two-x"]
    assert [*doubted(two_2=(1_000,), two_x=(5_000,))] == ["two-x"]
    assert doubted(two_2=(1_000,), two_x=(4_999,)) == {}


def test_more_memory_is_never_cheaper() -> None:
    found = doubted(one_2=(1_000,), one_3=(1_100,), one_4=(1_050,))
    assert found == {"one-4": "one-4 costs 1050, and has more memory than one-3, which costs 1100"}
    assert doubted(one_2=(1_000,), one_3=(1_000,), one_4=(1_000,)) == {}
    assert doubted(two_2=(1_000,), two_x=(900,)) == {
        "two-x": "two-x costs 900, and has more memory than two-2, which costs 1000"
    }


def test_of_more_of_one_memory_and_less_of_the_other_nothing_is_said() -> None:
    assert doubted(odd_a=(1_000,), odd_b=(900,)) == {}
    assert doubted(odd_a=(900,), odd_b=(1_000,)) == {}


def test_of_as_much_memory_nothing_is_said() -> None:
    catalogue = Catalogue.of([variant("same-a", "Same", 4, 64), variant("same-b", "Same", 4, 64)])
    assert doubtful_prices({"same-a": (1_000,), "same-b": (999,)}, catalogue) == []


def test_more_of_one_memory_and_as_much_of_the_other_is_more() -> None:
    catalogue = Catalogue.of([variant("same-64", "Same", 4, 64), variant("same-128", "Same", 4, 128)])
    (doubt,) = doubtful_prices({"same-64": (1_000,), "same-128": (999,)}, catalogue)
    assert doubt == (
        "same-128",
        "same-128 costs 999, and has more memory than same-64, which costs 1000",
        "Correct one of the two: more memory is never worth less",
    )


def test_the_dearest_of_all_is_compared_with_the_next() -> None:
    found = doubted(solo=(9_000,), one_2=(1_000,), two_2=(900,), odd_a=(800,))
    assert found == {"solo": "solo costs 9000: that is 9.0 times the next dearest of all prices, 1000"}
    assert doubted(solo=(9_000,), one_2=(1_000,), two_2=(900,)) == {}  # three prices say little
    assert doubted(unknown=(9_000,), one_2=(1_000,), two_2=(900,), odd_a=(2_000,)) == {}
    assert [*doubted(unknown=(5_000,), one_2=(1_000,), two_2=(900,), odd_a=(800,))] == ["unknown"]
    assert doubted(unknown=(4_999,), one_2=(1_000,), two_2=(900,), odd_a=(800,)) == {}


def test_the_base_and_the_shipped_programmes_are_not_doubted() -> None:
    assert [told(BASE), *(doubts(name) for name in shipped())] == [[], (), (), ()]


def test_a_phone_with_more_variants_than_any_has_is_not_compared_with_itself() -> None:
    many = [variant(f"m{number}", "Many", 4, number) for number in range(1, 102)]
    prices = {one.model: (2_000 - number,) for number, one in enumerate(many)}
    assert doubtful_prices(prices, Catalogue.of(many)) == []
    assert len(doubtful_prices({one.model: prices[one.model] for one in many[1:]}, Catalogue.of(many))) == 99


def test_a_used_phone_does_not_cost_twice_its_launch_price() -> None:
    catalogue = Catalogue.of([variant("solo", "Solo", 4, 64).replace(launch_price_minor=1_000)])
    (doubt,) = doubtful_prices({"solo": (2_000,)}, catalogue)
    assert doubt.message == "solo costs 2000: that is 2.0 times its launch price, 1000"
    assert doubtful_prices({"solo": (1_999,)}, catalogue) == []


def test_doubts_are_in_the_order_of_the_prices() -> None:
    assert [*doubted(solo=(1_000, 9_000), one_3=(1_000,), one_4=(900,), two_2=(1_000, 9_000))] == [
        "solo",
        "one-4",
        "two-2",
    ]


def test_a_price_is_told_with_its_line(base: Path) -> None:
    edit(base / "market_prices.csv", "2020-03-01,,900000", "2020-03-01,,9000000")
    ((file, line, column, words),) = told(base)
    assert (file, line, column) == ("market_prices.csv", 4, "price_minor")
    assert words == (
        "acme-one-4-64 costs 9000000: that is 9.4 times its last price, 950000. Count its digits, and correct it"
    )


def test_a_target_that_nothing_else_names(base: Path) -> None:
    edit(base / "programme.toml", 'targets = ["Two"]', 'targets = ["Twoo"]')
    ((file, _, column, words),) = told(base)
    assert (file, column) == ("programme.toml", "terms.bonuses.targets")
    assert words == (
        "nothing else names the target Twoo, so nobody may ever earn holiday. "
        "Did you mean Two? If not, add it to models.csv"
    )


def test_a_target_that_is_like_nothing(base: Path) -> None:
    edit(base / "programme.toml", 'targets = ["Two"]', 'targets = ["Zzzzzzzzzz"]')
    ((*_, words),) = told(base)
    assert words == (
        "nothing else names the target Zzzzzzzzzz, so nobody may ever earn holiday. "
        "Correct its spelling, or add it to models.csv"
    )


def test_a_target_that_another_bonus_names_is_known(base: Path) -> None:
    edit(base / "programme.toml", 'tax_treatments = "tax_treatments.csv"\n', "")
    other = (
        'targets = ["Twoo"]\nstackable = true\n\n[[terms.bonuses]]\nid = "more"\nsays = "More"\namount_minor = 1_000\n'
    )
    edit(base / "programme.toml", 'targets = ["Two"]\nstackable = true\n', f'{other}targets = ["Twoo"]\n')
    assert told(base) == []


KEEP = "Correct its spelling, or keep the channels before it"


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        ('["shopp"]', "nothing else names the channel shopp, and spring named shop. Did you mean shop?"),
        ('["kiosk"]', f"nothing else names the channel kiosk, and spring named shop. {KEEP}"),
        ('["shop", "shopp"]', "nothing else names the channel shopp, and spring named shop. Did you mean shop?"),
        ('["shop", "kiosk"]', ""),  # one more than before is no slip
        ('["Shop"]', ""),
    ],
)
def test_a_channel_that_nothing_else_names(base: Path, channels: str, words: str) -> None:
    text = (base / "programme.toml").read_text(encoding="utf-8")
    first, second, third = text.split('channels = ["shop"]')
    (base / "programme.toml").write_text(
        f'{first}channels = ["shop"]{second}channels = {channels}{third}', encoding="utf-8"
    )
    found = told(base)
    assert [one[1:] for one in found] == [(100, "terms.usage.channels", words)] * bool(words)


@pytest.mark.parametrize(
    ("brand", "words"),
    [
        ("Acne", "nothing else names the brand Acne. Did you mean acme?"),
        ("Qqqq", "nothing else names the brand Qqqq. Correct its spelling, or add it to the catalogue"),
        ("Redmi", ""),  # Xiaomi sells phones by that name
        ("acme", ""),
    ],
)
def test_a_brand_that_nothing_else_names(base: Path, brand: str, words: str) -> None:
    edit(base / "programme.toml", 'brands = ["Acme"]\nchannels', f'brands = ["{brand}"]\nchannels')
    found = told(base)
    assert [one[1:] for one in found] == [(63, "terms.usage.brands", words)] * bool(words)


def test_similar_names_are_sought_for_twenty_doubts_of_a_kind(base: Path) -> None:
    """The search is slow: of a file of other things, the first rows show what it is."""
    channels = [f"shop{number}" for number in range(22)]
    targets = [f"Two{number}" for number in range(22)]
    edit(
        base / "programme.toml", 'brands = ["Acme"]\nchannels', f"brands = {[f'Acme{n}' for n in range(22)]}\nchannels"
    )
    edit(base / "programme.toml", 'targets = ["Two"]', f"targets = {targets}")
    first, second, third = (base / "programme.toml").read_text(encoding="utf-8").split('channels = ["shop"]')
    (base / "programme.toml").write_text(f"{first}channels = {['shop']}{second}channels = {channels}{third}", "utf-8")
    found = told(base)
    assert [(column, "Did you mean" in words) for _, _, column, words in found] == [
        (f"terms.{kind}", number < 20)
        for kind in ("usage.channels", "usage.brands", "bonuses.targets")
        for number in range(22)
    ]


HEAD = "published_at,model,effective_from,price_minor\n"
PUBLISHED, CHECKED = "published_prices.csv", "checked_prices.csv"


@pytest.mark.parametrize(
    ("row", "line", "words"),
    [
        ("acme-one-4-64,2020-03-01,900000", None, ""),
        ("acme-one-4-64,2020-02-01,900000", None, ""),  # a later row has the same price
        ("acme-one-4-64,2020-03-01,910000", 4, "910000 for acme-one-4-64 from 2020-03-01, and here is 900000"),
        (
            "acme-one-4-64,2020-03-05,900000",
            4,
            "900000 for acme-one-4-64 from 2020-03-05, and this row begins on 2020-03-01",
        ),
        ("acme-six,2020-03-01,900000", None, "900000 for acme-six from 2020-03-01, and there is no row of it"),
    ],
)
def test_a_price_that_is_not_that_of_the_last_list(base: Path, row: str, line: int | None, words: str) -> None:
    (base / PUBLISHED).write_text(f"{HEAD}2020-01-10T00:00:00Z,{row}\n", encoding="utf-8")
    found = told(base)
    remedy = "Publish a list with the right price: `miexchange prices publish`"
    said = f"the last list that was published has {words}. {remedy}"
    assert found == [("market_prices.csv", line, "price_minor", said)] * bool(words)


def test_a_damaged_record_is_told(base: Path) -> None:
    (base / PUBLISHED).write_text(f"{HEAD}2020-01-10,,x,-1\n", encoding="utf-8")
    found = [(file, line, column) for file, line, column, _ in told(base)]
    columns = ("published_at", "effective_from", "model", "price_minor")
    assert found == [(PUBLISHED, 2, column) for column in columns]


def test_a_record_with_more_faults_than_anybody_reads_ends(base: Path) -> None:
    (base / PUBLISHED).write_text(HEAD + "x,x,x,x\n" * 1_000, encoding="utf-8")
    assert len(doubts(base)) == 1_001


def test_doubts_are_of_a_programme_without_problems(base: Path, tmp_path: Path) -> None:
    edit(base / "market_prices.csv", "2020-03-01,,900000", "2020-03-01,,9000001")
    with pytest.raises(DataError):
        doubts(base)
    assert lint(base) == lint(base, strict=True) != ()
    with pytest.raises(ProgrammeNotFoundError):
        doubts(tmp_path / "nowhere")
    assert len(lint(tmp_path / "nowhere", strict=True)) == 1
    (base / "programme.toml").unlink()
    (base / "programme.toml").write_text("]", encoding="utf-8")
    with pytest.raises(DataError):
        doubts(base)
    with pytest.raises(InvalidValue):
        lint(base, strict="yes")  # type: ignore[arg-type]


def test_too_many_problems_end_the_search_for_doubts(base: Path) -> None:
    rows = "".join(f"acme-one-4-64,x{number},,1,modelled,setting\n" for number in range(1_001))
    with (base / "market_prices.csv").open("a", encoding="utf-8") as file:
        file.write(rows)
    with pytest.raises(DataError) as caught:
        doubts(base)
    assert len(caught.value.problems) > 1_000 - 1


def test_a_price_that_was_looked_at_is_not_doubted_and_another_one_is(base: Path) -> None:
    edit(base / "market_prices.csv", "acme-one-4-64,2020-03-01,,900000", "acme-one-4-64,2020-03-01,,9000000")
    doubt = [what for *_, what in told(base)]
    assert len(doubt) == 1
    checked = base / CHECKED
    checked.write_text("model,price_minor,source\nacme-one-4-64,9000000,it is of gold\n", encoding="utf-8")
    assert told(base) == []
    checked.write_text("model,price_minor,source\nacme-one-4-64,900000,it is of gold\n", encoding="utf-8")
    assert [what for *_, what in told(base)] == doubt
    checked.write_text("model,price_minor,source\nacme-one-4-64,9000000,\n", encoding="utf-8")
    assert (CHECKED, 2, "source") in [(name, line, column) for name, line, column, _ in told(base)]
