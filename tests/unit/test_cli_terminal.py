"""What a terminal or a log would act on: one escape for whatever the command writes, and no traceback."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miexchange.cli import _app, _files, _output
from unit.command import AT, ORDER, QUOTE, VALUED, put_at_hand, run

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "x\x1b]0;owned\x07\x9b31m\nminer: all is well\r\u202e\u2066\u2028[red]b[/red][link=http://x]y[/link]"
ACTS = set("\x1b\x07\x9b\r\u202e\u2066\u2028\x7f\x85")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_at_hand(tmp_path_factory.mktemp("at-hand"))


def order_of(product: str, folder: Path) -> str:
    phone = {**ORDER["lines"][0], "product": product}  # type: ignore[dict-item]
    (folder / "order.json").write_text(json.dumps({"id": "1", "lines": [phone]}), "utf-8")
    return str(folder / "order.json")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_hostile_name_acts_on_no_terminal(files: Path, tmp_path: Path, *, as_json: bool) -> None:
    given_ = ("--coupon", str(files / "coupon.json"), "--key-file", str(files / "key"), "--account", "asha", "--at", AT)
    ran = run(
        "coupon", "check", *given_, "--order", order_of(HOSTILE[:150], tmp_path), *(["--json"] if as_json else [])
    )
    assert ran.code == 0, ran.err
    assert not ACTS & set(ran.out)
    assert not any(line.startswith("miner") for line in ran.out.splitlines())
    if as_json:
        assert len(ran.out.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (HOSTILE,),
        ("quote", "--model", HOSTILE, "--at", AT),
        ("quote", f"--{HOSTILE}"),
        (*QUOTE, "--programme", HOSTILE),
        (*QUOTE, "--at", HOSTILE),
        (*VALUED, "--answer", HOSTILE),
        (*VALUED, "--answer", f"{HOSTILE}=x"),
        (*VALUED, "--account", HOSTILE),
        (*VALUED, "--imei", HOSTILE),
        (*VALUED, "--answers", HOSTILE),
        (*VALUED, "--account", "asha", "--key-file", HOSTILE),
        ("imei", HOSTILE),
        ("models", HOSTILE),
        ("programme", "lint", HOSTILE),
        ("ledger", "show", HOSTILE, "--ledger", HOSTILE),
        ("ledger", "create", "--ledger", HOSTILE),
    ],
    ids=str,
)
def test_a_hostile_argument_acts_on_no_terminal(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert ran.code in {1, 2}
    assert not ACTS & set(ran.out + ran.err)
    assert not any(line.startswith("miner") for line in (ran.out + ran.err).splitlines())


@given(st.text())
def test_hiding_leaves_nothing_that_acts_and_one_line(text: str) -> None:
    """`hide`: what a terminal or a log would act on is written as an escape."""
    assert len(_output.hide(f"a{text}b").splitlines()) == 1
    assert not ACTS & set(_output.hide(text))


@given(
    st.recursive(
        st.text() | st.none() | st.integers(0, 9), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_stays_the_same_data(data: Any) -> None:  # noqa: ANN401 - any JSON
    """`write_json`: JSON may escape any character, so a terminal is spared and a program reads the same."""
    kept: list[bytes] = []

    class Out:
        class buffer:  # noqa: N801 - as of sys.stdout
            write = kept.append

        @staticmethod
        def flush() -> None:
            """Do nothing."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", Out)
        _output.write_json({"data": data})
    text = b"".join(kept).decode()
    assert not ACTS & set(text)
    assert len(text.splitlines()) == 1
    assert json.loads(text) == {"data": _output.hidden(data)}


def test_a_fault_of_ours_is_one_sentence_without_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:  # noqa: ANN401 - it returns nothing
        raise TypeError("a secret")

    monkeypatch.setattr(_app, "command", broken)
    ran = run("demo")
    assert ran.code == 2
    assert "miexchange: This is a fault of miexchange or of its installation: TypeError in broken, line" in ran.err
    assert "secret" not in ran.err
    monkeypatch.setattr(_app, "command", lambda: __import__("no_such_module_of_anybody"))
    assert "No module named 'no_such_module_of_anybody'" in run("demo").err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are those of POSIX")
def test_a_pipe_is_read_as_a_file_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text("not JSON", "utf-8"))
    writer.start()
    ran = run(*VALUED, "--answers", str(tmp_path / "pipe"))
    writer.join()
    assert "is not JSON" in ran.err


def test_what_is_given_has_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "JSON_BYTES", 10)
    (tmp_path / "x.json").write_text('{"power": "works"}', "utf-8")
    assert "larger than 10 bytes" in run(*VALUED, "--answers", str(tmp_path / "x.json")).err
    assert "larger than 10 bytes" in run(*VALUED, "--answers", "/dev/zero").err


ENDS = [(b"", True), (b"\n", True), (b"\r\n", True), (b"\n\n", False), (b" ", False)]


@pytest.mark.parametrize(("end", "fits"), ENDS)
def test_one_line_end_is_no_part_of_the_key(files: Path, tmp_path: Path, end: bytes, *, fits: bool) -> None:
    (tmp_path / "key").write_bytes((files / "key").read_bytes().rstrip() + end)
    order = ("--order", order_of("x", tmp_path), "--account", "asha", "--at", AT)
    paper = ("--coupon", str(files / "coupon.json"), "--key-file", str(tmp_path / "key"))
    ran = run("coupon", "check", *paper, *order)
    assert ("coupon_altered" in ran.out) is not fits


@pytest.mark.parametrize("content", [b"\n" * 40, b" " * 40, bytes(32), b"0" * 64 + b"\n", b"changemechangeme\n"])
def test_a_key_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    ran = run(*VALUED, "--account", "a", "--key-file", str(tmp_path / "key"))
    assert (ran.code, "key' holds no secret" in ran.err) == (2, True)
