"""Token buckets that many sandboxes share: what gets through, and who is never refused."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.domain.limits import Limits
from registry.domain.rates import FORGOTTEN_MS, Rate, take
from registry.errors import TooManyRequests, Unavailable
from registry.services.throttling import Throttling
from registry.stores.throttles import ThrottleStore
from tests.support.entities import CONSUMER, PUBLISHER, TABLE

pytestmark = pytest.mark.unit

START = 1_800_000_000_000
GET = "GetApplication"


@dataclass
class SharedBuckets:
    """The domain's own rule, in memory. `down`: what the table answers instead."""

    full_at: dict[tuple[str, str], int] = field(default_factory=dict)
    asked: int = 0
    down: Unavailable | None = None

    def take(self, account: str, operation: str, rate: Rate, *, since: int, now: int) -> bool:
        self.asked += 1
        if self.down is not None:
            raise self.down
        later = take(self.full_at.get((account, operation)), rate, since=since, now=now)
        if later is None:
            return False
        self.full_at[account, operation] = later
        return True


@dataclass
class Sandboxes:
    """So many of them, all with one bucket and one clock."""

    count: int
    limits: Limits
    now: int = START
    buckets: SharedBuckets = field(default_factory=SharedBuckets)

    def __post_init__(self) -> None:
        self.all = [
            Throttling(buckets=self.buckets, limits=self.limits, clock=lambda: self.now)
            for _ in range(self.count)
        ]

    def admits(self, sandbox: int = 0, account: str = CONSUMER, operation: str = GET) -> bool:
        try:
            self.all[sandbox % self.count].admit(account, operation)
        except TooManyRequests:
            return False
        return True


def limits(default: int, **operations: int) -> Limits:
    return Limits(requests_per_second={"default": default, **operations})


@given(
    rate=st.sampled_from((1, 2, 5, 10, 50)),
    count=st.integers(1, 5),
    calls=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 4)), max_size=300),
)
def test_no_more_gets_through_than_the_rate_the_burst_and_a_lease_for_each_sandbox(
    rate: int, count: int, calls: list[tuple[int, int]]
) -> None:
    sandboxes = Sandboxes(count, limits(rate))
    admitted = 0
    for pause, sandbox in calls:
        sandboxes.now += pause
        admitted += sandboxes.admits(sandbox)
    whole, length = sandboxes.limits.rate(GET), sandboxes.now - START
    leases = (length + whole.ahead_ms) // whole.lease_ms + 1
    uncounted = count * (whole.lease - 1) * (1 + length // FORGOTTEN_MS)
    assert admitted <= leases * whole.lease + uncounted


@given(
    rate=st.sampled_from((1, 2, 5, 10, 50)),
    calls=st.lists(st.integers(0, 2), min_size=1, max_size=300),
)
def test_whoever_keeps_to_the_rate_is_never_refused(rate: int, calls: list[int]) -> None:
    sandboxes = Sandboxes(3, limits(rate))
    for sandbox in calls:
        assert sandboxes.admits(sandbox)
        sandboxes.now += 1000 // rate


@given(rate=st.sampled_from((1, 2, 10, 50)), pause=st.integers(0, 60_000))
def test_after_a_pause_a_burst_gets_through(rate: int, pause: int) -> None:
    sandboxes = Sandboxes(1, limits(rate))
    burst = sandboxes.limits.rate(GET).burst
    while sandboxes.admits():
        pass
    sandboxes.now += 2000 + pause  # the burst's factor: so long a bucket takes to fill
    assert all(sandboxes.admits() for _ in range(burst))


def test_a_burst_is_cut_off_at_its_size_and_then_flows_at_the_rate() -> None:
    sandboxes = Sandboxes(1, limits(10))
    admitted = [sandboxes.admits() for _ in range(100)]
    assert admitted.index(False) == 20 + 4  # the burst and what one sandbox gives on trust
    assert not any(admitted[24:])
    sandboxes.now += 499
    assert not sandboxes.admits()
    sandboxes.now += 1
    assert [sandboxes.admits() for _ in range(6)] == [True] * 5 + [False]


def test_accounts_and_operations_do_not_count_for_one_another() -> None:
    sandboxes = Sandboxes(1, limits(1000, GetApplication=1))
    while sandboxes.admits():
        pass
    assert sandboxes.admits(account=PUBLISHER)
    assert all(sandboxes.admits(operation="ListApplications") for _ in range(500))


def test_a_sandbox_asks_the_bucket_once_for_a_quarter_of_the_burst() -> None:
    sandboxes = Sandboxes(1, limits(100))
    assert all(sandboxes.admits() for _ in range(200))
    assert sandboxes.buckets.asked == 4


def test_an_empty_bucket_is_not_asked_again_for_every_call() -> None:
    sandboxes = Sandboxes(1, limits(10))
    while sandboxes.admits():
        pass
    asked = sandboxes.buckets.asked
    assert not any(sandboxes.admits() for _ in range(50))
    assert sandboxes.buckets.asked == asked


def test_when_the_table_cannot_be_written_everything_gets_through_and_the_log_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sandboxes = Sandboxes(1, limits(1))
    sandboxes.buckets.down = Unavailable("down")
    assert all(sandboxes.admits() for _ in range(100))
    assert sandboxes.buckets.asked == 1  # the others did not wait for the same time-out
    assert capsys.readouterr().out.count('"event":"throttle-unavailable"') == 1
    sandboxes.buckets.down = None
    sandboxes.now += 5000
    assert not all(sandboxes.admits() for _ in range(100))


def test_a_refusal_names_account_operation_rate_and_burst() -> None:
    sandboxes = Sandboxes(1, limits(10))
    while sandboxes.admits():
        pass
    with pytest.raises(TooManyRequests, match=f"{CONSUMER} may call GetApplication 10 times a second, 20 "):
        sandboxes.all[0].admit(CONSUMER, GET)


def test_a_clock_that_was_set_back_stops_nobody() -> None:
    sandboxes = Sandboxes(1, limits(10))
    assert sandboxes.admits()
    sandboxes.now -= 3_600_000
    assert all(sandboxes.admits() for _ in range(10))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 3000)), min_size=1, max_size=15))
def test_the_table_keeps_the_same_bucket_as_the_domain(dynamodb: Any, steps: list[tuple[int, int]]) -> None:
    rate, model = Rate(per_second=3, burst=6), SharedBuckets()
    dynamodb.delete_item(
        TableName=TABLE, Key={"PK": {"S": f"ACCOUNT#{CONSUMER}"}, "SK": {"S": f"RATE#{GET}"}}
    )
    store = ThrottleStore(lambda: dynamodb, table=TABLE)
    now = START
    for pause, age in steps:
        now += pause
        told = store.take(CONSUMER, GET, rate, since=now - age, now=now)
        assert told == model.take(CONSUMER, GET, rate, since=now - age, now=now)


def test_a_bucket_goes_by_time_to_live_an_hour_after_its_last_use(dynamodb: Any) -> None:
    rate = Rate(per_second=10, burst=20)
    ThrottleStore(lambda: dynamodb, table=TABLE).take(CONSUMER, GET, rate, since=START, now=START)
    (item,) = dynamodb.scan(TableName=TABLE)["Items"]
    assert item == {
        "PK": {"S": f"ACCOUNT#{CONSUMER}"},
        "SK": {"S": "RATE#GetApplication"},
        "fullAt": {"N": str(START + 500)},
        "expiresAt": {"N": str(START // 1000 + 3600)},
    }


def test_every_failure_of_the_table_is_one_error(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rate, store = Rate(per_second=10, burst=20), ThrottleStore(lambda: dynamodb, table=TABLE)

    def unreached(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    monkeypatch.setattr(dynamodb, "update_item", unreached)
    with pytest.raises(Unavailable):
        store.take(CONSUMER, GET, rate, since=START, now=START)
    monkeypatch.undo()
    dynamodb.delete_table(TableName=TABLE)
    with pytest.raises(Unavailable):
        store.take(CONSUMER, GET, rate, since=START, now=START)


@pytest.mark.parametrize(("per_second", "lease"), [(1, 1), (2, 1), (3, 1), (4, 2), (10, 5), (1000, 500)])
def test_a_lease_is_a_quarter_of_the_burst_and_one_at_least(per_second: int, lease: int) -> None:
    rate = limits(per_second).rate(GET)
    assert (rate.burst, rate.lease) == (2 * per_second, lease)


def test_limits_come_from_json_over_the_defaults() -> None:
    assert Limits.parse("") == Limits.parse("{}") == Limits()
    told = Limits.parse(
        '{"publicApplicationsPerAccount": 1, "storedBytesPerAccount": 2, "nestingDepth": 3, '
        '"allowedResourceTypes": ["AWS::SNS::*"], "requestsPerSecond": {"GetApplication": 4}}'
    )
    assert told == Limits(
        public_applications_per_account=1,
        stored_bytes_per_account=2,
        nesting_depth=3,
        allowed_resource_types=("AWS::SNS::*",),
        requests_per_second={"default": 10, "GetApplication": 4},
    )
    assert (told.rate("GetApplication").per_second, told.rate("ListApplications").per_second) == (4, 10)
