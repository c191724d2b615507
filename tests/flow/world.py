"""The whole flow in one process: the service, the table's stream, the topic, the queues and their workers."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import boto3

from registry.handlers import announce_changes, check_templates, clean_up, copy_assets, queue
from tests.flow.faults import Faults
from tests.support.entities import REGION, TABLE
from tests.wire.service import Service, deployed

STARTED = datetime(2026, 11, 24, 6, 16, tzinfo=UTC)
# Queue -> kind and change that its subscription asks for.
WANTS = {
    "assets": ("template", "created"),
    "cleanup": ("application", "deleted"),
    "checks": ("version", "created"),
}
WORKERS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "assets": copy_assets.handler,
    "cleanup": clean_up.handler,
    "checks": check_templates.handler,
}
_MADE_ONCE = (
    announce_changes.topic,
    check_templates.checking,
    clean_up.cleaning,
    copy_assets.preparing,
    queue.sqs,
)


@dataclass(frozen=True)
class Context:
    """Lambda's."""

    left_s: float = 300.0
    aws_request_id: str = "invocation-1"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left_s * 1000)


@dataclass
class Flow:
    """`later`: how far the workers' clocks are ahead, which makes objects old."""

    service: Service
    sqs: Any
    faults: Faults
    later: timedelta = timedelta(0)
    _seen: dict[tuple[str, str], Any] = field(default_factory=dict)
    _written: int = 0

    def table(self) -> dict[tuple[str, str], Any]:
        """Key -> item."""
        items = self.service.aws["dynamodb"].scan(TableName=TABLE)["Items"]
        return {(item["PK"]["S"], item["SK"]["S"]): item for item in items}

    def put(self, item: Mapping[str, Any]) -> None:
        self.service.aws["dynamodb"].put_item(TableName=TABLE, Item=item)

    def stream(self) -> list[dict[str, Any]]:
        """What the table's stream says of the difference between this look and the one before."""
        before, after = self._seen, self.table()
        self._seen = after
        changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        return [self.record(before.get(key), after.get(key)) for key in changed]

    def record(self, before: Any, after: Any) -> dict[str, Any]:
        self._written += 1
        images = {"OldImage": before, "NewImage": after}
        name = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
        return {
            "eventID": f"event-{self._written}",
            "eventName": name,
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "ApproximateCreationDateTime": STARTED.timestamp() + self._written,
                "SequenceNumber": f"{self._written:021d}",
                "StreamViewType": "NEW_AND_OLD_IMAGES",
                **{image: value for image, value in images.items() if value is not None},
            },
        }

    def announce(self) -> dict[str, Any]:
        return announce_changes.handler({"Records": self.stream()}, Context())

    def url(self, noun: str) -> str:
        return str(self.sqs.get_queue_url(QueueName=f"sar-alpha-{noun}")["QueueUrl"])

    def received(self, noun: str) -> list[dict[str, Any]]:
        """The queue's messages as SQS hands them to a function, each received for the first time."""
        found: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(
            QueueUrl=self.url(noun),
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
        ).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.url(noun), ReceiptHandle=message["ReceiptHandle"])
                found.append(as_record(message))
        return found

    def deliver(self, noun: str, *records: Mapping[str, Any], context: Context | None = None) -> list[str]:
        """The ids of the messages that failed."""
        with mock.patch.dict(
            "os.environ", {"QUEUE_URL": self.url(noun), "DEAD_LETTER_QUEUE_URL": self.url(f"{noun}-dlq")}
        ):
            answer = WORKERS[noun]({"Records": records}, context or Context())
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]

    def settle(self) -> None:
        """Everything that was written is announced, and every message worked off."""
        while records := self.stream():
            assert announce_changes.handler({"Records": records}, Context()) == {"batchItemFailures": []}
            for noun in WANTS:
                for record in self.received(noun):
                    assert self.deliver(noun, record) == []

    def empty(self) -> None:
        self.service.empty()
        for noun in self.queues():
            self.received(noun)
        self._seen, self.later = {}, timedelta(0)
        self.faults.disarm()

    def restart(self) -> None:
        """Every function starts anew."""
        for made in _MADE_ONCE:
            made.cache_clear()
        self.service.restart()

    def queues(self) -> list[str]:
        return [*WANTS, *(f"{noun}-dlq" for noun in WANTS)]

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later


def as_record(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {
            name: {"stringValue": one["StringValue"], "dataType": one["DataType"]}
            for name, one in message.get("MessageAttributes", {}).items()
        },
        "eventSource": "aws:sqs",
        "awsRegion": REGION,
    }


@contextmanager
def flowing() -> Iterator[Flow]:
    faults = Faults()
    with deployed() as service:
        sns, sqs = boto3.client("sns", REGION), boto3.client("sqs", REGION)
        topic = sns.create_topic(Name="sar-alpha-changes")["TopicArn"]
        flow = Flow(service=service, sqs=sqs, faults=faults)
        for noun in flow.queues():
            sqs.create_queue(QueueName=f"sar-alpha-{noun}")
        for noun, (kind, change) in WANTS.items():
            sns.subscribe(
                TopicArn=topic,
                Protocol="sqs",
                Endpoint=f"arn:aws:sqs:{REGION}:{topic.split(':')[4]}:sar-alpha-{noun}",
                Attributes={
                    "RawMessageDelivery": "true",
                    "FilterPolicy": json.dumps({"kind": [kind], "change": [change]}),
                },
            )
        with (
            mock.patch.dict("os.environ", {"CHANGES_TOPIC": topic}),
            faults.everywhere(),
            mock.patch.object(clean_up, "datetime", _Clock(flow)),
        ):
            flow.restart()
            yield flow
        for made in _MADE_ONCE:
            made.cache_clear()


@dataclass(frozen=True)
class _Clock:
    """`datetime` for a worker whose clock is ahead."""

    flow: Flow

    def now(self, _zone: object) -> datetime:
        return self.flow.now()
