"""The stream's records to messages of the topic, and which of them have to be read again."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from registry import log
from registry.handlers import announce_changes
from tests.flow.world import Context, Flow
from tests.support.entities import arn
from tests.wire.asking import QUEUE, create

pytestmark = pytest.mark.unit


@pytest.fixture
def published(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of what SNS took. Ids in `refused` it does not take."""
    taken: list[str] = []
    sns = announce_changes.topic()._sns
    real = sns.publish_batch

    def publish(**asked: Any) -> Any:
        entries = asked["PublishBatchRequestEntries"]
        refused = [one for one in entries if json.loads(one["Message"])["id"] in REFUSED]
        good = [one for one in entries if one not in refused]
        taken.extend(json.loads(one["Message"])["id"] for one in good)
        real(**{**asked, "PublishBatchRequestEntries": good})
        return {"Failed": [{"Id": one["Id"], "Code": "InternalError"} for one in refused]}

    monkeypatch.setattr(sns, "publish_batch", publish)
    return taken


REFUSED: set[str] = set()


@pytest.fixture(autouse=True)
def _takes_everything() -> None:
    REFUSED.clear()


def application(number: int, **more: Any) -> dict[str, Any]:
    return {
        "PK": {"S": "ACCOUNT#111111111111"},
        "SK": {"S": f"APP#a{number}"},
        "kind": {"S": "application"},
        "id": {"S": f"ID-{number}"},
        "rev": {"N": "1"},
        **more,
    }


def announced(flow: Flow, *items: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Sequence numbers of the records, and those to be read again."""
    records = [flow.record(None, item) for item in items]
    answer = announce_changes.handler({"Records": records}, Context())
    return (
        [one["dynamodb"]["SequenceNumber"] for one in records],
        [one["itemIdentifier"] for one in answer["batchItemFailures"]],
    )


def test_a_published_application_reaches_the_queues_that_want_it_with_the_requests_id(
    flow: Flow, repo: Any
) -> None:
    answer = create(repo, name="hello", SemanticVersion="1.0.0", TemplateBody=QUEUE)
    assert flow.announce() == {"batchItemFailures": []}
    (message,) = flow.received("checks")
    event = json.loads(message["body"])
    assert (event["kind"], event["change"], event["semanticVersion"]) == ("version", "created", "1.0.0")
    assert event["correlationId"]
    assert message["messageAttributes"]["kind"]["stringValue"] == "version"
    assert flow.received("cleanup") == []
    repo.delete_application(ApplicationId=answer["ApplicationId"])
    flow.announce()
    (message,) = flow.received("cleanup")
    event = json.loads(message["body"])
    assert event["applicationId"] == str(arn("hello"))
    assert flow.received("checks") == []


def test_an_update_carries_the_id_of_its_own_request(flow: Flow, repo: Any) -> None:
    create(repo, name="hello")
    flow.announce()
    store = flow.service.store
    seen = store.find(arn("hello"))
    assert seen is not None
    log.correlate("the update's")
    store.change(seen, {"description": "new"})
    ((_, change),) = announce_changes._changes(flow.stream())
    assert (change.change, change.correlation_id) == ("updated", "the update's")


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25])
def test_all_changes_are_published_in_the_streams_order(flow: Flow, published: list[str], count: int) -> None:
    _, failed = announced(flow, *(application(number) for number in range(count)))
    assert failed == []
    assert published == [f"ID-{number}" for number in range(count)]


@pytest.mark.parametrize(
    ("refused", "taken"), [(0, range(1, 10)), (9, range(9)), (10, [*range(10), *range(11, 20)])]
)
def test_nothing_is_published_behind_the_batch_of_the_first_that_failed(
    flow: Flow, published: list[str], refused: int, taken: Any
) -> None:
    REFUSED.add(f"ID-{refused}")
    numbers, failed = announced(flow, *(application(number) for number in range(25)))
    assert failed == [numbers[refused]]
    assert published == [f"ID-{number}" for number in taken]


def test_of_several_that_failed_the_earliest_is_read_again(flow: Flow, published: list[str]) -> None:
    REFUSED.update({"ID-2", "ID-7"})
    numbers, failed = announced(flow, *(application(number) for number in range(10)))
    assert failed == [numbers[2]]


def test_when_the_topic_cannot_be_reached_the_batch_is_read_again(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "Throttled", "Message": ""}}, "PublishBatch")

    monkeypatch.setattr(announce_changes.topic()._sns, "publish_batch", busy)
    numbers, failed = announced(flow, application(1), application(2))
    assert failed == [numbers[0]]


def test_a_record_that_no_store_wrote_holds_nothing_up_and_is_logged(
    flow: Flow, published: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = application(1)
    del broken["rev"]
    _, failed = announced(flow, broken, application(2))
    assert (failed, published) == ([], ["ID-2"])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "change-unreadable" in line]
    assert "rev" in json.loads(line)["reason"]


def test_attributes_of_unknown_types_in_an_item_do_no_harm(flow: Flow, published: list[str]) -> None:
    announced(flow, application(1, flag={"BOOL": True}, nothing={"NULL": True}, raw={"B": b"x"}))
    assert published == ["ID-1"]


def test_items_that_concern_nobody_cost_no_call(flow: Flow, published: list[str]) -> None:
    flow.faults.disarm()
    announced(flow, {**application(1), "kind": {"S": "usage"}})
    assert flow.faults.calls == 0
