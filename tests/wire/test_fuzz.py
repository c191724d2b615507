"""Requests at random: whatever is asked, the answer keeps the contract and the connection lives."""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.support.contract import contract
from tests.support.requests_at_random import FUNCTION, Asked, any_request
from tests.wire.asking import CODE, create
from tests.wire.service import Service

pytestmark = pytest.mark.wire

VERSION = {"SemanticVersion": "1.0.0", "TemplateBody": FUNCTION}
SOAK = os.environ.get("SOAK") == "full"


@pytest.mark.timeout(3600 if SOAK else 300)
def test_no_signed_request_at_random_is_answered_outside_of_the_contract(service: Service) -> None:
    for key, content in (("code.zip", CODE), ("text.md", b"# Hi"), ("template.yaml", FUNCTION.encode())):
        service.upload(key, content)
    repo = service.client()
    create(repo, "fuzz", **VERSION)
    link = service.raw()
    answered: Counter[tuple[str, int]] = Counter()

    # The same requests every time, but for the soak, which is there to find new ones.
    @settings(
        max_examples=5000 if SOAK else 300 if service.in_process else 120,
        derandomize=not SOAK,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(asked=any_request())
    def ask(asked: Asked) -> None:
        status, kind, message = link.ask(asked.method, asked.target, asked.body)
        answered[asked.operation, status] += 1
        assert status < 500, (asked, kind, message)
        assert service.offences == [], asked
        assert link.is_still_the_first_connection, asked
        if asked.operation == "DeleteApplication" and status == 204:
            create(repo, "fuzz", **VERSION)

    ask()
    link.close()
    # A fair part got as far as what the operation does.
    assert sum(count for (_, status), count in answered.items() if status < 300) > sum(answered.values()) / 20
    assert {operation for operation, _ in answered} == contract().operations.keys()
