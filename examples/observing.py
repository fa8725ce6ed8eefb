"""Metrics of a ledger, as an OpenTelemetry meter takes them.

`observer_of` needs only a meter: in a service it is `opentelemetry.metrics.get_meter("miexchange")`. Here a
meter that counts and prints replaces it, so that the example runs without the package. No attribute is personal:
kinds, outcomes and codes of reasons have a few values each.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Protocol

from miexchange import Device, Exchange, Imei, ImeiStatus, Programme, Quote, appraise, headline, ledger

DEMO_KEY = b"published demo key: never use it"  # a real key is secret, at least 16 bytes


class Instrument(Protocol):
    """A histogram or a counter of OpenTelemetry, as far as it is needed."""

    def record(self, amount: float, attributes: Mapping[str, str]) -> None:
        """Record a value of a histogram."""

    def add(self, amount: float, attributes: Mapping[str, str]) -> None:
        """Add to a counter."""


class Meter(Protocol):
    """The part of a meter that is needed."""

    def create_histogram(self, name: str, unit: str) -> Instrument:
        """Make a histogram."""

    def create_counter(self, name: str, unit: str) -> Instrument:
        """Make a counter."""


def observer_of(meter: Meter) -> Callable[[ledger.Observed], None]:
    """Return an `observer` for `ledger.open`."""
    took = meter.create_histogram("miexchange.ledger.duration", unit="s")
    retried = meter.create_counter("miexchange.ledger.retries", unit="{attempt}")
    refused = meter.create_counter("miexchange.ledger.refusals", unit="{reason}")

    def observe(observed: ledger.Observed) -> None:
        took.record(observed.seconds or 0.0, {"kind": observed.kind, "outcome": observed.outcome})
        if observed.attempts > 1:
            retried.add(observed.attempts - 1, {"kind": observed.kind})
        for reason in observed.reasons:
            refused.add(1, {"kind": observed.kind, "reason": reason})

    return observe


class Printed:
    """An instrument, and a meter, that counts its calls, to be printed."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.got: Counter[str] = Counter()

    def record(self, amount: float, attributes: Mapping[str, str]) -> None:
        """Count a value; its duration differs from run to run."""
        del amount
        self.got[" ".join(attributes.values())] += 1

    def add(self, amount: float, attributes: Mapping[str, str]) -> None:
        """Count, too."""
        self.got[" ".join(attributes.values())] += int(amount)

    def create_histogram(self, name: str, unit: str) -> "Printed":
        """Return itself as the instrument."""
        del name, unit
        return self

    create_counter = create_histogram


def main() -> None:
    """Make a few events in a new ledger, and print what its observer received."""
    programme = Programme.load("mi-exchange-india")
    at = datetime(2018, 3, 20, 6, 30, tzinfo=UTC)
    best = headline("oneplus-3t-6-64", programme, at=at)
    device = Device("oneplus-3t-6-64", Imei.from_body("86366403" + "123456"))
    meter = Printed()
    with (
        tempfile.TemporaryDirectory() as folder,
        ledger.open(
            f"{folder}/exchanges.db", key=DEMO_KEY, create=True, observer=observer_of(meter), timer=perf_counter
        ) as store,
    ):
        quote = best and appraise(device, best.condition, programme, at=at, imei_status=ImeiStatus.CLEAR)
        if not isinstance(quote, Quote):
            raise SystemExit(quote.explain())
        for _ in range(2):
            begun = store.accept(quote, programme, account="asha", at=at, idempotency_key="accept 17")
        store.accept(quote, programme, account="ravi", at=at, idempotency_key="accept 18")
        if isinstance(begun, Exchange):
            store.void(begun.code, reason="changed her mind", at=at, idempotency_key="void 19")
    for what, number in meter.got.items():
        print(number, what)


if __name__ == "__main__":
    main()
