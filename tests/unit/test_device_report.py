"""What a phone says of itself, read strictly; what it answers and what it leaves to a person."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from typing import Any

import pytest

from miexchange import Condition, DeviceReport, Imei, InvalidValue, _data, device_report
from miexchange._limits import NAME, VALUE_ITEMS

# The example of https://source.android.com/docs/core/perf/trade-in-mode: a Pixel 7.
PUBLISHED: dict[str, Any] = {
    "battery": {"cycle_count": 16, "health": 100, "state": 2, "manufacturing_date": 1653004800, "first_usage_date": 0},
    "storage": {"useful_lifetime_remaining": 99, "capacity_bytes": "128000000000"},
    "launch_level": 33,
    "locks": {"factory_reset_protection": False},
    "product": {
        "brand": "google",
        "device": "panther",
        "manufacturer": "Google",
        "model": "Pixel 7",
        "name": "panther",
    },
    "imeis": ["353644930127905", "353644930127913"],
    "serial": "26061FDH2000AP",
}


def parse(**parts: Any) -> DeviceReport:  # noqa: ANN401 - any JSON
    return DeviceReport.parse(json.dumps({"locks": {"factory_reset_protection": False}, **parts}))


def test_the_published_example_is_read() -> None:
    report = DeviceReport.parse(json.dumps(PUBLISHED))
    assert report == DeviceReport(
        factory_reset_protection=False,
        imeis=(Imei("353644930127905"), Imei("353644930127913")),
        brand="google",
        manufacturer="Google",
        model="Pixel 7",
        battery_health=100,
        battery_cycles=16,
        battery_made_on=date(2022, 5, 20),
        storage_bytes=128_000_000_000,
        storage_life=99,
        launch_level=33,
    )
    assert report.storage_gb == 128
    assert report.answers == (("accounts", "removed"), ("battery", "good"))
    assert Condition.from_device_report(json.dumps(PUBLISHED)) == Condition({"accounts": "removed", "battery": "good"})


def test_a_locked_phone_says_that_and_little_else() -> None:
    assert parse(locks={"factory_reset_protection": True}).answers == (("accounts", "present"),)


@pytest.mark.parametrize(
    ("health", "answer"),
    [(100, "good"), (85, "good"), (84, "worn"), (80, "worn"), (79, "weak"), (1, "weak"), (0, None)],
)
def test_battery_health_decides_as_the_words_of_the_question_say(health: int, answer: str | None) -> None:
    assert dict(parse(battery={"health": health}).answers).get("battery") == answer


@pytest.mark.parametrize(
    ("parts", "answer"),
    [
        (["original"], "original"),
        (["Original", "original"], "original"),
        (["original", "replaced"], "not_original"),
        (["REPLACED", "Remplacé"], "not_original"),
        (["original", "Remplacé"], None),
        (["unsupported"], None),
        ([], None),
    ],
)
def test_the_screen_is_original_where_every_part_of_it_says_so(parts: list[str], answer: str | None) -> None:
    report = parse(screen={"screens": [{"part_status": part} for part in parts]})
    assert dict(report.answers).get("original_screen") == answer


def test_a_status_in_another_language_is_kept_and_not_guessed() -> None:
    report = parse(battery={"part_status": "मूल"}, screen={"screens": [{}, {"part_status": "ersetzt"}]})
    assert report.battery_part is None
    assert report.unread == ("battery.part_status: मूल", "screen.screens[1].part_status: ersetzt")
    assert parse(battery={"part_status": "replaced"}).battery_part == "replaced"


@pytest.mark.parametrize(("wet", "answer"), [(True, "exposed"), (False, "dry")])
def test_moisture_is_answered(wet: bool, answer: str) -> None:  # noqa: FBT001 - a row of the table
    assert dict(parse(sensors={"moisture_intrusion": wet}).answers)["liquid"] == answer


def test_the_answers_are_those_of_the_shipped_questions() -> None:
    bank = tomllib.loads((_data.folder() / "questions.toml").read_text(encoding="utf-8"))
    known = {question["id"]: {option["id"] for option in question["options"]} for question in bank["question"]}
    reports = [
        parse(
            locks={"factory_reset_protection": locked}, battery={"health": health}, sensors={"moisture_intrusion": wet}
        )
        for locked in (True, False)
        for health in (90, 82, 50)
        for wet in (True, False)
    ]
    reports += [parse(screen={"screens": [{"part_status": part}]}) for part in ("original", "replaced")]
    said = {answer for report in reports for answer in report.answers}
    assert len(said) == 9
    assert all(answer in known[question] for question, answer in said)


@pytest.mark.parametrize(
    ("size", "nominal"),
    [
        *((128 * 10**9, 128), (119 * 10**9, 128), (130 * 10**9, 128), (131 * 10**9, 256), (1, 1), (0, None)),
        *((130_560_000_000, 128), (130_560_000_001, 256)),  # a fiftieth above
    ],
)
def test_the_storage_is_a_nominal_size(size: int, nominal: int | None) -> None:
    assert parse(storage={"capacity_bytes": f"{size}"}).storage_gb == nominal
    assert parse().storage_gb is None


def test_two_sims_of_one_number_are_one() -> None:
    assert len(parse(imeis=["353644930127905", "353644930127905"]).imeis) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "give the JSON that `tradeinmode getstatus` prints"),
        ("error: not in trade-in mode", "give the JSON that"),
        ("[1]", "give the JSON that"),
        ('{"locks": {"factory_reset_protection": false}', "give the JSON that"),  # cut off
        ('{"locks": {"factory_reset_protection": false}} {"locks": {}}', "give the report of one phone alone"),
        ('{"locks": {"factory_reset_protection": true, "factory_reset_protection": false}}', "write each key once"),
        (b'\xff{"locks": {}}', "give the JSON that"),
        ('{"a":' * 100_000, "give the JSON that"),
        ("[" * 100_000, "give the JSON that"),
        (7, "give the JSON that"),
        ("{}", "factory_reset_protection is missing: give a whole report"),
        ('{"locks": [], "locks": {}}', "write each key once"),
        ('{"locks": []}', r"DeviceReport\.locks is a list: give a JSON object"),
        ('{"locks": {"factory_reset_protection": 0}}', "factory_reset_protection is 0: give true or false"),
    ],
)
def test_what_is_no_report_is_an_error(text: Any, words: str) -> None:  # noqa: ANN401 - also wrong
    with pytest.raises(InvalidValue, match=words):
        DeviceReport.parse(text)
    with pytest.raises(InvalidValue, match=words):
        Condition.from_device_report(text)


@pytest.mark.parametrize(
    ("parts", "unread"),
    [
        ({"battery": {"health": True}}, "battery.health: True"),
        ({"battery": {"health": -1}}, "battery.health: -1"),
        ({"battery": {"health": 101}}, "battery.health: 101"),
        ({"battery": {"health": 83.0}}, "battery.health: 83.0"),
        ({"battery": {"health": float("nan")}}, "battery.health: nan"),
        ({"battery": {"health": "83"}}, "battery.health: 83"),
        ({"battery": {"manufacturing_date": -5}}, "battery.manufacturing_date: -5"),
        ({"battery": {"first_usage_date": 2**32}}, "battery.first_usage_date: 4294967296"),
        ({"battery": {"part_status": 1}}, "battery.part_status: 1"),
        ({"battery": []}, "battery: a list"),
        ({"battery": "dead"}, "battery: dead"),
        ({"storage": {"capacity_bytes": 128000000000}}, "storage.capacity_bytes: 12800000****"),
        ({"storage": {"capacity_bytes": "128 GB"}}, "storage.capacity_bytes: 128 GB"),
        ({"storage": {"capacity_bytes": "9" * 18}}, f"storage.capacity_bytes: 99999999{'*' * 10}"),
        ({"screen": {"screens": {}}}, "screen.screens: a dict"),
        ({"screen": {"screens": [7]}}, "screen.screens[0]: 7"),
        ({"screen": {"screens": [{"part_status": 1}]}}, "screen.screens[0].part_status: 1"),
        ({"imeis": {}}, "imeis: a dict"),
        ({"imeis": [None]}, "imeis[0]: None"),
        ({"imeis": [353644930127905]}, "imeis[0]: 35364493******5"),
        ({"imeis": [{}]}, "imeis[0]: of type dict"),
        ({"imeis": ["353644930127906"]}, "imeis[0]: 35364493******6"),
        ({"imeis": [""]}, "imeis[0]: ''"),
        ({"launch_level": "33"}, "launch_level: 33"),
        ({"product": {"model": 7}}, "product.model: 7"),
        ({"product": {"model": "x" * 201}}, f"product.model: {'x' * 59}…"),
        ({"product": {"brand": "\ud800"}}, "product.brand: ?"),
        ({"sensors": {"moisture_intrusion": 0}}, "sensors.moisture_intrusion: 0"),
    ],
)
def test_a_figure_that_cannot_be_read_is_noted_and_the_rest_is_kept(parts: dict[str, Any], unread: str) -> None:
    report = parse(**parts)
    assert report.unread == (unread,)
    assert report.replace(unread=()) == parse()


def test_a_null_second_imei_leaves_the_first_one() -> None:
    report = parse(imeis=["353644930127905", None], battery={"health": -1, "cycle_count": 16})
    assert report.imeis == (Imei("353644930127905"),)
    assert report.battery_cycles == 16
    assert report.unread == ("imeis[1]: None", "battery.health: -1")


def test_a_null_is_what_the_phone_does_not_say() -> None:
    nothing = dict.fromkeys(("health", "cycle_count", "part_status", "manufacturing_date"))
    assert parse(battery=nothing, screen=None, imeis=None, launch_level=None) == parse()


def test_which_of_two_values_is_right_nobody_knows() -> None:
    text = '{"locks": {"factory_reset_protection": false}, "battery": {"health": 90, "health": 70}, "a": 1, "a": 2}'
    report = DeviceReport.parse(text)
    assert (report.battery_health, report.unread) == (None, ("battery.health: a duplicate key",))


def test_a_number_of_thousands_of_digits_is_out_of_range() -> None:
    text = f'{{"locks": {{"factory_reset_protection": false}}, "battery": {{"health": {"1" * 5_000}}}}}'
    assert DeviceReport.parse(text).unread == ("battery.health: inf",)


def test_no_screen_is_original_where_one_cannot_be_read() -> None:
    for screen in ({"screens": [{"part_status": "original"}, None]}, {"screens": [{"part_status": "original"}, 7]}):
        assert "original_screen" not in dict(parse(screen=screen).answers)


def test_of_many_notes_the_first_are_kept() -> None:
    unread = parse(imeis=[None] * 60).unread
    assert (len(unread), unread[49:]) == (51, ("imeis[49]: None", "and 10 more"))


BANNER = "* daemon not running; starting now at tcp:5037\r\n* daemon started successfully *\r\n"


@pytest.mark.parametrize(
    "said",
    [
        f"{BANNER}{json.dumps(PUBLISHED)}",
        f"{json.dumps(PUBLISHED, indent=2)}\r\nPS C:\\> ".replace("\n", "\r\n"),
        f"\ufeff{json.dumps(PUBLISHED)}\x00",
        f"{BANNER}{json.dumps(PUBLISHED)}".encode(),
        f"{BANNER}{json.dumps(PUBLISHED)}".encode("utf-8-sig"),
        f"{BANNER}{json.dumps(PUBLISHED, indent=1)}\r\n".encode("utf-16"),  # PowerShell's redirection
        f"WARNING: linker: {{libx.so}} has no section\n{json.dumps(PUBLISHED, indent=2)}",
        json.dumps(PUBLISHED).encode("utf-16-le"),
        bytearray(json.dumps(PUBLISHED).encode()),
    ],
)
def test_what_adb_prints_around_the_report_is_passed_over(said: Any) -> None:  # noqa: ANN401 - text or bytes
    assert DeviceReport.parse(said) == DeviceReport.parse(json.dumps(PUBLISHED))


def test_the_json_form_leaves_the_imeis_out_unless_they_are_asked_for() -> None:
    report = DeviceReport.parse(json.dumps(PUBLISHED))
    assert "353644930127905" not in report.to_json()
    assert DeviceReport.from_json(report.to_json()) == report.without_imeis()
    assert DeviceReport.from_json(report.to_json(reveal_imei=True)) == report
    assert report.without_imeis().without_imeis() == report.without_imeis()
    assert "353644930127905" not in repr(report)


@pytest.mark.parametrize("unread", ["screen: 7", "screen.screens: a dict", "screen.screens[1].part_status: ersetzt"])
def test_a_screen_that_is_read_in_part_is_not_called_original(unread: str) -> None:
    report = DeviceReport(factory_reset_protection=False, screen_parts=("original",), unread=(unread,))
    assert dict(report.answers).get("original_screen") is None
    assert dict(report.replace(unread=("battery: 7",)).answers)["original_screen"] == "original"


@pytest.mark.parametrize(("text", "kind"), [(7, "type"), ([], "type"), ("", "range"), (b"", "range"), ("[]", "range")])
def test_another_type_is_told_from_another_text(text: Any, kind: str) -> None:  # noqa: ANN401 - anything
    with pytest.raises(InvalidValue) as caught:
        DeviceReport.parse(text)
    assert (caught.value.kind, caught.value.field) == (kind, "DeviceReport")


BOUNDS: list[tuple[dict[str, Any], str, object, bool]] = [
    # a part of the report, the field that it is read as, its value, and whether it is within its bounds
    *(({"battery": {"health": number}}, "battery_health", number, 0 <= number <= 100) for number in (-1, 0, 100, 101)),
    *(
        ({"battery": {"cycle_count": number}}, "battery_cycles", number, number <= 10**6)
        for number in (0, 10**6, 10**6 + 1)
    ),
    *(
        ({"storage": {"useful_lifetime_remaining": number}}, "storage_life", number, number <= 100)
        for number in (0, 100, 101)
    ),
    *(
        ({"storage": {"capacity_bytes": f"{number}"}}, "storage_bytes", number, number <= 2**20 * 10**9)
        for number in (0, 2**20 * 10**9, 2**20 * 10**9 + 1)
    ),
    *(({"launch_level": number}, "launch_level", number, number <= 10**6) for number in (0, 10**6, 10**6 + 1)),
    *(({"product": {name: "x" * NAME}}, name, "x" * NAME, True) for name in ("brand", "manufacturer", "model")),
    *(({"product": {name: "x" * (NAME + 1)}}, name, "x" * (NAME + 1), False) for name in ("brand", "model")),
]


@pytest.mark.parametrize(("parts", "field", "value", "fits"), BOUNDS, ids=range(len(BOUNDS)))
def test_a_figure_is_read_up_to_its_bound(parts: dict[str, Any], field: str, value: object, *, fits: bool) -> None:
    report = parse(**parts)
    assert len(report.unread) == (not fits)
    if fits:
        assert getattr(report, field) == value == getattr(parse().replace(**{field: value}), field)
    else:
        assert getattr(report, field) == getattr(parse(), field)
        with pytest.raises(InvalidValue) as caught:
            parse().replace(**{field: value})
        assert caught.value.field == f"DeviceReport.{field}"


def test_the_days_of_the_battery_are_those_of_utc() -> None:
    def days(made: int, used: int) -> tuple[date | None, date | None]:
        report = parse(battery={"manufacturing_date": made, "first_usage_date": used})
        return report.battery_made_on, report.battery_used_since

    noon = 1_653_004_800  # the first second of 20 May 2022
    assert days(noon, noon + 86_399) == (date(2022, 5, 20), date(2022, 5, 20))
    assert days(noon + 86_400, 1) == (date(2022, 5, 21), date(1970, 1, 1))
    assert days(2**32 - 1, 0) == (date(2106, 2, 7), None)


def test_the_status_of_a_part_is_read_without_case_and_spaces() -> None:
    assert parse(battery={"part_status": " Original\n"}).battery_part == "original"
    for silent in (None, "unsupported", "Unsupported "):
        report = parse(battery={"part_status": silent}, screen={"screens": [{"part_status": silent}]})
        assert (report.battery_part, report.screen_parts, report.unread) == (None, (), ())


def test_a_list_is_read_up_to_its_bound() -> None:
    assert parse(screen={"screens": [{"part_status": "original"}] * VALUE_ITEMS}).screen_parts == (
        *("original",) * VALUE_ITEMS,
    )
    many: tuple[dict[str, Any], ...] = ({"screen": {"screens": [{}] * 2_001}}, {"imeis": [None] * 2_001})
    for parts in many:
        assert [note.partition(": ")[2] for note in parse(**parts).unread] == ["a list"]


@pytest.mark.parametrize(("many", "last"), [(49, "imeis[48]: None"), (50, "imeis[49]: None"), (51, "and 1 more")])
def test_fifty_notes_are_kept(many: int, last: str) -> None:
    unread = parse(imeis=[None] * many).unread
    assert (len(unread), unread[-1]) == (many, last)


def test_a_report_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_report, "JSON_BYTES", 99)
    text = json.dumps({"locks": {"factory_reset_protection": True}})
    sizes: tuple[Any, ...] = (text.ljust(99), text.encode().ljust(99))
    for most in sizes:
        assert DeviceReport.parse(most).factory_reset_protection
        with pytest.raises(InvalidValue, match=r"^DeviceReport has 100 bytes: give at most 99 bytes"):
            DeviceReport.parse(most + most[-1:])


def test_a_key_that_stands_twice_is_named() -> None:
    twice = '{"locks": {"factory_reset_protection": true, "factory_reset_protection": false}}'
    for text, field, key in (
        ('{"locks": [], "locks": {}}', "locks", "locks"),
        (twice, "locks.factory_reset_protection", "factory_reset_protection"),
    ):
        with pytest.raises(InvalidValue) as caught:
            DeviceReport.parse(text)
        assert (caught.value.field, caught.value.value) == (f"DeviceReport.{field}", f"'{key}'")
