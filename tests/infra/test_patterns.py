"""The patterns on their own, as another project would use them: what one gets without asking for more."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.functions import FunctionSpec
from infra.monitoring.alarms import Watch
from infra.naming import Home, Names
from infra.patterns.custom_domain import CustomDomain, CustomDomainArgs
from infra.patterns.function import Build, FunctionArgs
from infra.patterns.iam import Statement
from infra.patterns.protection import Protection
from infra.patterns.queue_worker import QueueWorker, QueueWorkerArgs, SubscriptionArgs
from infra.patterns.sqs_dlq import DeadLetters, DeadLettersArgs, SqsDlq, SqsDlqArgs
from infra.patterns.stream_fanout import StreamFanout, StreamFanoutArgs
from tests.infra.recording import Deployed, run

pytestmark = pytest.mark.infra

DAY_S = 86_400
PAGE, TICKET = "arn:aws:sns:eu-west-1:111111111111:page", "arn:aws:sns:eu-west-1:111111111111:ticket"
TOPIC = "arn:aws:sns:eu-west-1:111111111111:orders"
STREAM = "arn:aws:dynamodb:eu-west-1:111111111111:table/orders/stream/1"
WATCH = Watch(names=Names(stage="test"), page_topic_arn=PAGE, ticket_topic_arn=TICKET, runbook="orders")
READ = Statement(sid="Read", actions=["s3:GetObject"], resources=["arn:aws:s3:::orders/*"])
ORDERS = SqsDlqArgs(noun="orders", visibility_s=60, watch=WATCH)


@pytest.fixture
def function(tmp_path: Path) -> FunctionArgs:
    code = tmp_path / "code.zip"
    code.write_bytes(b"")
    return FunctionArgs(
        noun="take-orders",
        spec=FunctionSpec(archive="own", handler="shop.orders.handler", memory_mb=128, timeout_s=7),
        build=Build(
            archives={"own": pulumi.FileArchive(str(code))},
            runtime="python3.12",
            architecture="arm64",
            log_retention_days=1,
        ),
        environment={"SHOP": "north"},
        statements=[READ],
        concurrency=-1,
        home=Home(partition="aws", account="111111111111", region="eu-west-1"),
        watch=WATCH,
    )


def made(component: Callable[[], pulumi.ComponentResource]) -> Deployed:
    def program() -> Mapping[str, Any]:
        component()
        return {}

    return run(program)


def _queues(stack: Deployed) -> dict[str, dict[str, Any]]:
    return {one.inputs["name"]: one.inputs for one in stack.of("sqs/queue:Queue").values()}


def _alarm(stack: Deployed, name: str) -> dict[str, Any]:
    (found,) = (
        one.inputs
        for one in stack.of("cloudwatch/metricAlarm:MetricAlarm").values()
        if one.inputs["name"] == name
    )
    return found


def _statements(stack: Deployed, type_: str, name: str) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = stack.of(type_)[name].document("policy")["Statement"]
    return statements


def test_a_queue_alone_is_encrypted_tls_only_and_tries_five_times() -> None:
    stack = made(lambda: SqsDlq("orders", ORDERS))
    queue = _queues(stack)["sar-test-orders"]
    assert queue["messageRetentionSeconds"] == 4 * DAY_S
    assert queue["visibilityTimeoutSeconds"] == 60
    assert queue["receiveWaitTimeSeconds"] == 20
    assert queue["sqsManagedSseEnabled"] is True
    assert json.loads(queue["redrivePolicy"]) == {
        "deadLetterTargetArn": "arn:aws:sqs/queue:Queue:orders-dlq",
        "maxReceiveCount": 5,
    }
    (deny,) = _statements(stack, "sqs/queuePolicy:QueuePolicy", "orders")
    assert (deny["Effect"], deny["Resource"]) == ("Deny", ["arn:aws:sqs/queue:Queue:orders"])


def test_its_dead_letters_wait_longer_than_it_and_only_it_may_send_them() -> None:
    stack = made(lambda: SqsDlq("orders", ORDERS))
    dead = _queues(stack)["sar-test-orders-dlq"]
    assert dead["messageRetentionSeconds"] == 14 * DAY_S  # SQS's longest
    assert dead["messageRetentionSeconds"] > _queues(stack)["sar-test-orders"]["messageRetentionSeconds"]
    assert dead["sqsManagedSseEnabled"] is True
    assert "redrivePolicy" not in dead
    allowed = stack.of("sqs/redriveAllowPolicy:RedriveAllowPolicy")["orders"].inputs
    assert allowed["queueUrl"] == "https://sqs.test/queue"
    assert json.loads(allowed["redriveAllowPolicy"]) == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": ["arn:aws:sqs/queue:Queue:orders"],
    }


def test_the_first_dead_letter_pages_and_an_old_message_is_a_ticket() -> None:
    stack = made(lambda: SqsDlq("orders", ORDERS))
    dead = _alarm(stack, "sar-test-orders-dlq-dead-letters")
    assert dead["dimensions"] == {"QueueName": "sar-test-orders-dlq"}
    assert (dead["threshold"], dead["evaluationPeriods"], dead["alarmActions"]) == (1, 1, [PAGE])
    assert dead["alarmDescription"].endswith("Runbook: docs/runbooks/orders.md#dead-letters")
    old = _alarm(stack, "sar-test-orders-stale-messages")
    assert old["dimensions"] == {"QueueName": "sar-test-orders"}
    assert (old["threshold"], old["statistic"], old["alarmActions"]) == (900, "Maximum", [TICKET])
    assert old["alarmDescription"].endswith("Runbook: docs/runbooks/orders.md#stale-messages")


def test_what_is_asked_for_of_a_queue_is_what_one_gets() -> None:
    asked = replace(ORDERS, receives=2, stale_minutes=90, sender=("sns.amazonaws.com", TOPIC))
    stack = made(lambda: SqsDlq("orders", asked))
    assert json.loads(_queues(stack)["sar-test-orders"]["redrivePolicy"])["maxReceiveCount"] == 2
    assert _alarm(stack, "sar-test-orders-stale-messages")["threshold"] == 5400
    _, send = _statements(stack, "sqs/queuePolicy:QueuePolicy", "orders")
    assert send["Principal"] == {"Service": "sns.amazonaws.com"}
    assert send["Action"] == ["sqs:SendMessage"]
    assert send["Condition"] == {"ArnEquals": {"aws:SourceArn": TOPIC}}


def test_dead_letters_alone_take_only_what_their_source_sends() -> None:
    args = DeadLettersArgs(noun="lost", source=("s3.amazonaws.com", "arn:aws:s3:::orders"), watch=WATCH)
    stack = made(lambda: DeadLetters("lost", args))
    assert _queues(stack)["sar-test-lost"]["messageRetentionSeconds"] == 14 * DAY_S
    deny, send = _statements(stack, "sqs/queuePolicy:QueuePolicy", "lost")
    assert deny["Sid"] == "TlsOnly"
    assert send["Condition"] == {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::orders"}}
    assert _alarm(stack, "sar-test-lost-dead-letters")["alarmActions"] == [PAGE]


def test_a_worker_without_a_topic_has_a_queue_that_no_service_sends_to(function: FunctionArgs) -> None:
    stack = made(lambda: QueueWorker("orders", QueueWorkerArgs(noun="orders", function=function)))
    assert set(_queues(stack)) == {"sar-test-orders", "sar-test-orders-dlq"}
    assert len(_statements(stack, "sqs/queuePolicy:QueuePolicy", "orders")) == 1
    assert stack.of("sns/topicSubscription:TopicSubscription") == {}


def test_a_worker_takes_ten_messages_five_calls_at_once_and_answers_for_each(function: FunctionArgs) -> None:
    stack = made(lambda: QueueWorker("orders", QueueWorkerArgs(noun="orders", function=function)))
    assert stack.of("lambda/eventSourceMapping:EventSourceMapping")["orders"].inputs == {
        "eventSourceArn": "arn:aws:sqs/queue:Queue:orders",
        "functionName": "arn:aws:lambda/alias:Alias:orders-worker",  # `live`
        "batchSize": 10,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "scalingConfig": {"maximumConcurrency": 5},
    }
    queue = _queues(stack)["sar-test-orders"]
    assert queue["visibilityTimeoutSeconds"] == 6 * 7
    assert json.loads(queue["redrivePolicy"])["maxReceiveCount"] == 5


def test_a_worker_keeps_its_own_rights_and_gains_those_on_its_queue_alone(function: FunctionArgs) -> None:
    stack = made(lambda: QueueWorker("orders", QueueWorkerArgs(noun="orders", function=function)))
    rights = {one["Sid"]: one for one in _statements(stack, "iam/rolePolicy:RolePolicy", "orders-worker")}
    assert set(rights) == {"Read", "WorkOff", "GiveUp", "WriteLogs", "SendTraces"}
    assert rights["WorkOff"]["Resource"] == ["arn:aws:sqs/queue:Queue:orders"]
    assert sorted(rights["WorkOff"]["Action"]) == [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
    ]
    assert rights["GiveUp"]["Action"] == ["sqs:SendMessage"]
    assert rights["GiveUp"]["Resource"] == ["arn:aws:sqs/queue:Queue:orders-dlq"]
    worker = stack.of("lambda/function:Function")["orders-worker"].inputs
    assert set(worker["environment"]["variables"]) == {"SHOP", "QUEUE_URL", "DEAD_LETTER_QUEUE_URL"}


def test_a_workers_bounds_are_what_is_asked_for(function: FunctionArgs) -> None:
    args = QueueWorkerArgs(noun="orders", function=function, batch_size=1, at_once=2, receives=3)
    stack = made(lambda: QueueWorker("orders", args))
    mapping = stack.of("lambda/eventSourceMapping:EventSourceMapping")["orders"].inputs
    assert (mapping["batchSize"], mapping["scalingConfig"]) == (1, {"maximumConcurrency": 2})
    assert json.loads(_queues(stack)["sar-test-orders"]["redrivePolicy"])["maxReceiveCount"] == 3


@pytest.mark.parametrize(
    ("wants", "filter_policy"),
    [({}, None), ({"kind": ["a", "b"], "change": ["created"]}, {"kind": ["a", "b"], "change": ["created"]})],
)
def test_a_subscription_has_a_filter_if_asked_and_always_its_own_dead_letters(
    function: FunctionArgs, wants: dict[str, list[str]], filter_policy: dict[str, list[str]] | None
) -> None:
    args = QueueWorkerArgs(
        noun="orders", function=function, subscription=SubscriptionArgs(topic_arn=TOPIC, wants=wants)
    )
    stack = made(lambda: QueueWorker("orders", args))
    subscription = stack.of("sns/topicSubscription:TopicSubscription")["orders"].inputs
    assert (subscription["topic"], subscription["protocol"]) == (TOPIC, "sqs")
    assert subscription["rawMessageDelivery"] is True
    assert json.loads(subscription.get("filterPolicy", "null")) == filter_policy
    assert json.loads(subscription["redrivePolicy"]) == {
        "deadLetterTargetArn": "arn:aws:sqs/queue:Queue:orders-undelivered"
    }
    for queue in ("orders", "orders-undelivered"):
        _, send = _statements(stack, "sqs/queuePolicy:QueuePolicy", queue)
        assert send["Condition"] == {"ArnEquals": {"aws:SourceArn": TOPIC}}


def _fanout(function: FunctionArgs, *, kept: bool) -> Deployed:
    args = StreamFanoutArgs(
        noun="orders",
        stream_arn=STREAM,
        function=function,
        patterns=[{"eventName": ["INSERT"]}, {"eventName": ["REMOVE"]}],
        failures_bucket="failed-orders",
        old_object_days=3,
        protection=Protection(protect=kept, retain=kept, key_deletion_days=7),
    )
    return made(lambda: StreamFanout("orders", args))


def test_a_fanout_follows_the_stream_and_gives_up_before_the_stream_forgets(function: FunctionArgs) -> None:
    stack = _fanout(function, kept=False)
    assert stack.of("lambda/eventSourceMapping:EventSourceMapping")["orders"].inputs == {
        "eventSourceArn": STREAM,
        "functionName": "arn:aws:lambda/alias:Alias:orders-announcer",
        "startingPosition": "TRIM_HORIZON",
        "batchSize": 100,
        "bisectBatchOnFunctionError": True,
        "maximumRecordAgeInSeconds": 20 * 3600,
        "maximumRetryAttempts": 10_000,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "filterCriteria": {
            "filters": [{"pattern": '{"eventName": ["INSERT"]}'}, {"pattern": '{"eventName": ["REMOVE"]}'}]
        },
        "destinationConfig": {"onFailure": {"destinationArn": "arn:aws:s3/bucket:Bucket:orders-failures"}},
    }


def test_a_fanout_pages_when_it_is_behind_and_when_it_gave_up(function: FunctionArgs) -> None:
    stack = _fanout(function, kept=False)
    behind = _alarm(stack, "sar-test-orders-stream-behind")
    assert (behind["metricName"], behind["threshold"], behind["alarmActions"]) == (
        "IteratorAge", 600_000, [PAGE],
    )  # fmt: skip
    assert behind["dimensions"] == {"FunctionName": "sar-test-take-orders"}
    assert _alarm(stack, "sar-test-failed-orders-dead-letters")["alarmActions"] == [PAGE]
    assert stack.of("s3/bucketNotification:BucketNotification")["orders"].inputs == {
        "bucket": "failed-orders",
        "queues": [
            {
                "id": "failures",
                "queueArn": "arn:aws:sqs/queue:Queue:orders-failed",
                "events": ["s3:ObjectCreated:*"],
            }
        ],
    }


@pytest.mark.parametrize("kept", [True, False])
def test_a_fanout_protects_what_it_gave_up_and_not_its_messages_key(
    function: FunctionArgs, kept: bool
) -> None:
    stack = _fanout(function, kept=kept)
    bucket, key = stack.of("s3/bucket:Bucket")["orders-failures"], stack.of("kms/key:Key")["orders"]
    assert (bucket.protect, bucket.retain) == (kept, kept)
    assert (key.protect, key.retain) == (False, False)
    assert stack.of("sns/topic:Topic")["orders"].inputs["kmsMasterKeyId"] == "key-id"


def test_an_announcer_may_publish_encrypt_and_set_aside_and_nothing_more(function: FunctionArgs) -> None:
    stack = _fanout(function, kept=False)
    rights = {
        one["Sid"]: one["Resource"]
        for one in _statements(stack, "iam/rolePolicy:RolePolicy", "orders-announcer")
    }
    bucket = "arn:aws:s3/bucket:Bucket:orders-failures"
    assert {sid: rights[sid] for sid in rights if sid not in {"WriteLogs", "SendTraces"}} == {
        "Read": READ.resources,
        "FollowStream": [STREAM],
        "Announce": ["arn:aws:sns/topic:Topic:orders"],
        "EncryptMessages": ["arn:aws:kms/key:Key:orders"],
        "SetAside": [bucket, f"{bucket}/*"],
    }


def test_a_domain_leads_to_the_stage_by_tls_12_and_without_a_base_path() -> None:
    args = CustomDomainArgs(
        domain="apps.test", zone_id="Z1", certificate_arn=None, api_id="api", stage_name="test"
    )
    stack = made(lambda: CustomDomain("shop", args))
    assert stack.of("apigateway/domainName:DomainName")["shop"].inputs["securityPolicy"] == "TLS_1_2"
    assert stack.of("apigateway/basePathMapping:BasePathMapping")["shop"].inputs == {
        "domainName": "apps.test",
        "restApi": "api",
        "stageName": "test",
    }
    proof = stack.of("route53/record:Record")["shop-proof"].inputs
    assert (proof["name"], proof["type"], proof["records"]) == ("_x", "CNAME", ["_y"])
    assert stack.of("acm/certificateValidation:CertificateValidation")["shop"].inputs == {
        "certificateArn": "arn:aws:acm/certificate:Certificate:shop",
        "validationRecordFqdns": ["_x.test"],
    }
