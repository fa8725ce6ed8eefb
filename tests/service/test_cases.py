"""Requests that schemathesis makes of the OpenAPI document, right ones and wrong ones: none is answered with a 5xx.

A run has some hundreds of them, `make sweep` two thousand, `make prove` ten thousand.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from property.effort import PROOF
from service.running import OPERATOR, numbers_in

if TYPE_CHECKING:
    from schemathesis import Case

    from service.running import Service

pytestmark = pytest.mark.xdist_group("service")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.mark.parametrize(
    ("each", "least"),
    [
        pytest.param(8, 200, id="some"),
        pytest.param(*((500, 10_000) if PROOF else (100, 2_000)), id="all", marks=pytest.mark.sweep),
    ],
)
def test_no_request_makes_the_service_fail(alone: Service, each: int, least: int) -> None:
    client = alone.client()
    known = [str(client.accept(number)["coupon"]["code"]) for number in (300, 301)]
    client.reserve(300, known[0])
    schema = schemathesis.openapi.from_url(f"{alone.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == 20
    sent: Counter[int] = Counter()
    for operation in operations:
        for mode in GenerationMode:
            if operation.path == "/health":  # there is one such request
                continue

            @settings(
                max_examples=each,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(mode), code=st.sampled_from([None, *known]))
            def send(case: Case[Any], code: str | None) -> None:
                if code is not None and "code" in case.path_parameters:
                    case.path_parameters["code"] = code
                answer = case.call_and_validate(headers={"Authorization": f"Bearer {OPERATOR}"}, checks=CHECKS)
                assert not numbers_in(answer.text) or case.path == "/openapi.json"
                sent[answer.status_code] += 1

            send()
    assert sum(sent.values()) >= least
    assert {200, 404, 409, 422} <= sent.keys() <= set(range(200, 500))
    assert not numbers_in(alone.log.read_bytes())
