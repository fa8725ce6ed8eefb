"""What a phone says of itself, read strictly; what it answers and what it leaves to a person."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from typing import Any

import pytest

from miexchange import Condition, DeviceReport, Imei, InvalidImei, InvalidValue, _data

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
    [(128 * 10**9, 128), (119 * 10**9, 128), (130 * 10**9, 128), (131 * 10**9, 256), (1, 1), (0, None)],
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
        ("[1]", "DeviceReport cannot be a list: it is a JSON object"),
        ("[" * 100_000, "give at most 50 objects and arrays within one another"),
        (7, "give the JSON that"),
        ("{}", "factory_reset_protection cannot be None: it is always in a report"),
        ('{"locks": [], "locks": {}}', "let each key stand once"),
        ('{"locks": []}', r"DeviceReport\.locks cannot be a list: it is a JSON object"),
        ('{"locks": {"factory_reset_protection": 0}}', "it is of the type bool"),
    ],
)
def test_what_is_no_report_is_an_error(text: Any, words: str) -> None:  # noqa: ANN401 - also wrong
    with pytest.raises(InvalidValue, match=words):
        DeviceReport.parse(text)
    with pytest.raises(InvalidValue, match=words):
        Condition.from_device_report(text)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"battery": {"health": True}}, r"DeviceReport\.battery\.health cannot be True: it is of the type int"),
        (
            {"battery": {"health": 101}},
            r"DeviceReport\.battery_health cannot be 101: give a whole number from 0",
        ),
        ({"battery": {"manufacturing_date": -5}}, "it is a time in seconds since 1970"),
        ({"battery": {"part_status": 1}}, "it is of the type str"),
        ({"storage": {"capacity_bytes": 128000000000}}, "it is of the type str"),
        ({"storage": {"capacity_bytes": "128 GB"}}, "it is a text of digits"),
        (
            {"screen": {"screens": {}}},
            r"DeviceReport\.screen\.screens cannot be a dict: it is a list",
        ),
        ({"screen": {"screens": [{"part_status": 1}]}}, "it is of the type str"),
        (
            {"imeis": [353644930127905]},
            r"DeviceReport\.imeis cannot be a list: it is a list of at most 2,000; of each: the type str",
        ),
        ({"launch_level": "33"}, r"DeviceReport\.launch_level cannot be '33'"),
    ],
)
def test_a_part_that_is_not_of_its_type_is_an_error(parts: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        parse(**parts)


def test_an_imei_that_is_none_is_an_error_that_hides_it() -> None:
    with pytest.raises(InvalidImei) as caught:
        parse(imeis=["353644930127906"])
    assert "353644930127906" not in str(caught.value)


def test_the_json_form_leaves_the_imeis_out_unless_they_are_asked_for() -> None:
    report = DeviceReport.parse(json.dumps(PUBLISHED))
    assert "353644930127905" not in report.to_json()
    assert DeviceReport.from_json(report.to_json()) == report.without_imeis()
    assert DeviceReport.from_json(report.to_json(reveal_imei=True)) == report
    assert report.without_imeis().without_imeis() == report.without_imeis()
    assert "353644930127905" not in repr(report)
