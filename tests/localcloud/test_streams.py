"""How the emulator's Lambda works off a table's stream, as far as the registry's outbox relies on it."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import LocalServices, archive, create_function, create_role, running_services
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

ACCOUNT = "444444444444"
# Fails for items whose id begins with "bad", and says of every call what it got.
WORKER = """
import json
def handler(event, context):
    records = event["Records"]
    ids = [record["dynamodb"]["Keys"]["id"]["S"] for record in records]
    print(json.dumps({"ids": ids}))
    if any(id.startswith("raise") for id in ids):
        raise ValueError("boom")
    bad = [r["dynamodb"]["SequenceNumber"] for r, id in zip(records, ids) if id.startswith("bad")]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in bad]}
"""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A table and a function of its own that works its stream off."""

    services: LocalServices
    name: str

    def client(self, service: str) -> Any:
        return self.services.client(service, ACCOUNT)

    def put(self, *ids: str, **attributes: Any) -> None:
        for id_ in ids:
            self.client("dynamodb").put_item(TableName=self.name, Item={"id": {"S": id_}, **attributes})

    def calls(self) -> list[list[str]]:
        """The ids of each call so far."""
        logs = self.client("logs")
        with suppress(logs.exceptions.ResourceNotFoundException):
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{self.name}")["events"]
            return [json.loads(e["message"])["ids"] for e in events if e["message"].startswith('{"ids"')]
        return []


Make = Callable[..., Stream]


@pytest.fixture
def make(services: LocalServices, request: pytest.FixtureRequest) -> Make:
    """A stream named like the test, and its mapping with those settings."""

    def made(**mapping: Any) -> Stream:
        stream = Stream(services=services, name=request.node.name[:60].rstrip("_"))
        deploy(stream, **mapping)
        return stream

    return made


def deploy(stream: Stream, **mapping: Any) -> str:
    """Table, function with alias `live`, and the mapping between them; the mapping's id."""
    table = stream.client("dynamodb").create_table(
        TableName=stream.name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    functions = stream.client("lambda")
    role = create_role(stream.client("iam"), stream.name)
    live = create_function(functions, stream.name, role, archive(**{stream.name: WORKER}))
    made = functions.create_event_source_mapping(
        EventSourceArn=table["LatestStreamArn"],
        FunctionName=live,
        StartingPosition="TRIM_HORIZON",
        **mapping,
    )
    return str(made["UUID"])


def seen(stream: Stream) -> list[str]:
    return [id_ for call in stream.calls() for id_ in call]


def test_only_what_a_filter_names_reaches_the_function(make: Make) -> None:
    pattern = {"dynamodb": {"NewImage": {"kind": {"S": ["version"]}}}}
    stream = make(FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    stream.put("usage", kind={"S": "usage"})
    stream.put("plain")
    stream.put("wanted", kind={"S": "version"})
    until(lambda: "wanted" in seen(stream))
    assert set(seen(stream)) == {"wanted"}


def test_a_batch_goes_on_from_the_first_record_that_failed_and_is_given_up_after_its_retries(
    make: Make,
) -> None:
    stream = make(FunctionResponseTypes=["ReportBatchItemFailures"], MaximumRetryAttempts=1, BatchSize=10)
    stream.put("a", "bad", "b")
    until(lambda: len([call for call in stream.calls() if "bad" in call]) == 2)
    stream.put("c")
    until(lambda: "c" in seen(stream))
    retried = [call for call in stream.calls() if "bad" in call]
    assert retried[-1][0] == "bad"  # what came before it is done
    assert seen(stream).count("a") == 1
    assert len(retried) == 2


def test_a_bucket_gets_the_records_that_were_given_up_and_tells_a_queue(
    services: LocalServices, make: Make
) -> None:
    bucket, queue_url = _failures(services)
    stream = make(
        MaximumRetryAttempts=0,
        BisectBatchOnFunctionError=True,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    stream.put("a", "raise-b", "c")
    sqs, s3 = stream.client("sqs"), stream.client("s3")
    told: list[Any] = []

    def came() -> bool:
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        told.extend(json.loads(message["Body"]) for message in answer.get("Messages", ()))
        return any("Records" in one for one in told)

    until(came)
    [record] = next(one for one in told if "Records" in one)["Records"]
    key = record["s3"]["object"]["key"]
    assert key.startswith("aws/lambda/")
    given_up = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert given_up["requestContext"]["condition"] == "RetryAttemptsExhausted"
    [lost] = json.loads(given_up["payload"])["Records"]
    assert lost["dynamodb"]["NewImage"] == {"id": {"S": "raise-b"}}
    # Halving left the healthy ones of the batch alone.
    until(lambda: {"a", "c"} <= {id_ for call in stream.calls() for id_ in call if len(call) == 1})


def test_a_record_that_is_too_old_is_given_up_whatever_its_retries(make: Make) -> None:
    stream = make(MaximumRetryAttempts=-1, MaximumRecordAgeInSeconds=1, BatchSize=1)
    stream.put("raise-a", "b")
    until(lambda: seen(stream)[-1:] == ["b"])
    assert "raise-a" in seen(stream)


def test_what_nobody_read_outlives_a_stop(tmp_path: Path) -> None:
    with running_services(tmp_path) as services:
        stream = Stream(services=services, name="kept")
        worker = deploy(stream, Enabled=False)
        stream.put("a", "b")
    with running_services(tmp_path) as services:
        stream = Stream(services=services, name="kept")
        stream.put("c")
        stream.client("lambda").update_event_source_mapping(UUID=worker, Enabled=True)
        until(lambda: seen(stream) == ["a", "b", "c"])
    with running_services(tmp_path) as services:
        stream = Stream(services=services, name="kept")
        stream.put("d")
        until(lambda: seen(stream)[-1:] == ["d"])
        assert seen(stream) == ["a", "b", "c", "d"]


def _failures(services: LocalServices) -> tuple[str, str]:
    """A bucket that tells a queue of its objects."""
    s3, sqs = services.client("s3", ACCOUNT), services.client("sqs", ACCOUNT)
    bucket = "given-up-records"
    s3.create_bucket(Bucket=bucket)
    url = sqs.create_queue(QueueName="given-up")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    return bucket, url
