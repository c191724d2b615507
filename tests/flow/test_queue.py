"""What becomes of a message: done, back again, or dead with its reason."""

import json
from typing import Any

import pytest

from registry.domain.changes import Change
from registry.errors import NonRetryable, Unavailable
from registry.handlers import queue
from registry.handlers.queue import FIRST_PAUSE_S, LONGEST_PAUSE_S, work_off
from tests.flow.world import Context, Flow

pytestmark = pytest.mark.unit

EVENT = {
    "version": "1",
    "kind": "version",
    "change": "created",
    "applicationId": None,
    "id": "01ID",
    "rev": None,
    "semanticVersion": "1.0.0",
    "correlationId": "request-1",
    "at": "2026-11-24T06:16:00.000Z",
}


def record(message_id: str = "m1", *, body: str = json.dumps(EVENT), tries: int = 1) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": f"receipt-of-{message_id}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(tries)},
        "messageAttributes": {"kind": {"stringValue": "version", "dataType": "String"}},
    }


class Sqs:
    """Keeps what it is asked; `fails` with everything."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.hidden: list[dict[str, Any]] = []
        self.fails = False

    def send_message(self, **asked: Any) -> None:
        if self.fails:
            raise ConnectionError
        self.sent.append(asked)

    def change_message_visibility(self, **asked: Any) -> None:
        if self.fails:
            raise ConnectionError
        self.hidden.append(asked)


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Sqs:
    fake = Sqs()
    monkeypatch.setattr(queue, "sqs", lambda: fake)
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", "https://sqs/dead")
    monkeypatch.setenv("QUEUE_URL", "https://sqs/queue")
    return fake


class Worker:
    """Does what its `plan` says of a message's id, in order; without one it succeeds."""

    def __init__(self, **plan: BaseException) -> None:
        self.plan = plan
        self.given: list[tuple[Change, float]] = []

    def __call__(self, change: Change, within_s: float) -> None:
        self.given.append((change, within_s))
        if change.id in self.plan:
            raise self.plan[change.id]


def failed(worker: Worker, *records: Any) -> list[str]:
    answer = work_off({"Records": records}, Context(), worker)
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def of(identity: str) -> str:
    return json.dumps({**EVENT, "id": identity})


def test_the_messages_that_failed_come_back_and_the_others_are_done(sqs: Sqs) -> None:
    worker = Worker(b=Unavailable("busy"), d=RuntimeError("bug"))
    records = [record(f"m-{name}", body=of(name)) for name in "abcde"]
    assert failed(worker, *records) == ["m-b", "m-d"]
    assert [change.id for change, _ in worker.given] == [*"abcde"]
    assert sqs.sent == []


def test_the_worker_is_told_how_long_it_has(sqs: Sqs) -> None:
    worker = Worker()
    failed(worker, record())
    assert worker.given[0][1] == 295.0


def test_a_message_in_sns_own_envelope_is_read_as_well(sqs: Sqs) -> None:
    worker = Worker()
    envelope = json.dumps({"Type": "Notification", "Message": json.dumps(EVENT), "TopicArn": "arn"})
    assert failed(worker, record(body=envelope)) == []
    assert worker.given[0][0].id == "01ID"


def test_what_no_retry_can_settle_goes_to_the_dead_letters_with_its_reason(sqs: Sqs) -> None:
    worker = Worker(b=NonRetryable("the code was deleted"))
    assert failed(worker, record("m-a", body=of("a")), record("m-b", body=of("b"))) == []
    (letter,) = sqs.sent
    assert letter["QueueUrl"] == "https://sqs/dead"
    assert letter["MessageBody"] == of("b")
    assert {name: one["StringValue"] for name, one in letter["MessageAttributes"].items()} == {
        "reason": "the code was deleted",
        "kind": "version",
    }


@pytest.mark.parametrize("body", ["no json", "{}", json.dumps({"Type": "Notification"}), of("")])
def test_a_message_that_cannot_be_read_never_reaches_the_worker(sqs: Sqs, body: str) -> None:
    worker = Worker()
    assert failed(worker, record(body=body)) == []
    assert worker.given == []
    assert len(sqs.sent) == 1


def test_a_reason_that_sqs_would_refuse_is_made_fit(sqs: Sqs) -> None:
    failed(Worker(a=NonRetryable("\x00bad\ufffe" + "x" * 2000)), record(body=of("a")))
    failed(Worker(a=NonRetryable("")), record(body=of("a")))
    long, empty = (one["MessageAttributes"]["reason"]["StringValue"] for one in sqs.sent)
    assert long == "?bad?" + "x" * 995
    assert empty == "unknown"


def test_a_letter_that_cannot_be_sent_leaves_the_message_to_the_queues_own_limit(sqs: Sqs) -> None:
    sqs.fails = True
    assert failed(Worker(a=NonRetryable("gone")), record("m-a", body=of("a"))) == ["m-a"]


@pytest.mark.parametrize(("tries", "pause_s"), [(1, 30), (2, 120), (3, 480), (4, 1800), (50, 1800)])
def test_a_failed_message_comes_back_soon_at_first_and_later_each_time(
    sqs: Sqs, tries: int, pause_s: int
) -> None:
    assert (FIRST_PAUSE_S, LONGEST_PAUSE_S) == (30, 1800)
    failed(Worker(a=Unavailable("busy")), record("m-a", body=of("a"), tries=tries))
    assert sqs.hidden == [
        {
            "QueueUrl": "https://sqs/queue",
            "ReceiptHandle": "receipt-of-m-a",
            "VisibilityTimeout": pause_s,
        }
    ]


def test_a_pause_that_cannot_be_set_changes_nothing_of_the_outcome(sqs: Sqs) -> None:
    sqs.fails = True
    assert failed(Worker(a=Unavailable("busy")), record("m-a", body=of("a"))) == ["m-a"]


def test_log_lines_carry_the_request_that_began_it_and_the_reason(
    sqs: Sqs, capsys: pytest.CaptureFixture[str]
) -> None:
    failed(Worker(b=NonRetryable("gone")), record(), record("m2", body=of("b")), record("m3", body="no"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["requestId"], line.get("reason")) for line in lines] == [
        ("message-done", "request-1", None),
        ("message-given-up", "request-1", "gone"),
        ("message-given-up", "m3", "The message is not JSON"),
    ]


def test_a_letter_holds_the_message_as_it_was_so_that_it_can_be_moved_back(flow: Flow) -> None:
    wrong = record(body=json.dumps({**EVENT, "kind": "application"}))
    assert flow.deliver("checks", wrong) == []
    (letter,) = flow.received("checks-dlq")
    assert letter["body"] == wrong["body"]
    assert "applicationId" in letter["messageAttributes"]["reason"]["stringValue"]
