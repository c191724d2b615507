"""Queues, their workers and the stream's fan-out: every default, and an end to everything asynchronous."""

import json
from typing import Any

import pytest

from tests.infra.recording import Asked, Deployed

pytestmark = pytest.mark.infra

QUEUES = {"assets": "copy-assets", "cleanup": "clean-up", "checks": "check-templates"}
DAY_S = 86_400


def _queue(stack: Deployed, noun: str) -> dict[str, Any]:
    """By the end of its physical name."""
    stage = stack.outputs["stage"]
    (found,) = (
        one.inputs
        for one in stack.of("sqs/queue:Queue").values()
        if one.inputs["name"] == f"sar-{stage}-{noun}"
    )
    return found


def _arn(stack: Deployed, noun: str) -> str:
    stage = stack.outputs["stage"]
    (name,) = (
        name
        for name, one in stack.of("sqs/queue:Queue").items()
        if one.inputs["name"] == f"sar-{stage}-{noun}"
    )
    return f"arn:aws:sqs/queue:Queue:{name}"


def _mappings(stack: Deployed) -> dict[str, Asked]:
    return stack.of("lambda/eventSourceMapping:EventSourceMapping")


@pytest.mark.parametrize(("noun", "function"), QUEUES.items())
def test_a_queue_outlives_many_tries_and_its_dead_letters_outlive_it(
    stack: Deployed, noun: str, function: str
) -> None:
    queue, dead = _queue(stack, noun), _queue(stack, f"{noun}-dlq")
    assert json.loads(queue["redrivePolicy"]) == {
        "deadLetterTargetArn": _arn(stack, f"{noun}-dlq"),
        "maxReceiveCount": 5,
    }
    assert queue["messageRetentionSeconds"] == 4 * DAY_S
    assert dead["messageRetentionSeconds"] == 14 * DAY_S
    assert queue["sqsManagedSseEnabled"] is dead["sqsManagedSseEnabled"] is True
    (timeout,) = (
        one.inputs["timeout"]
        for one in stack.of("lambda/function:Function").values()
        if one.inputs["name"].endswith(f"-{function}")
    )
    assert queue["visibilityTimeoutSeconds"] == 6 * timeout
    (allow,) = (
        json.loads(one.inputs["redriveAllowPolicy"])
        for one in stack.of("sqs/redriveAllowPolicy:RedriveAllowPolicy").values()
        if one.name == noun
    )
    assert allow == {"redrivePermission": "byQueue", "sourceQueueArns": [_arn(stack, noun)]}


@pytest.mark.parametrize("noun", QUEUES)
def test_a_worker_runs_live_and_answers_for_each_message(stack: Deployed, noun: str) -> None:
    mapping = _mappings(stack)[noun].inputs
    assert mapping["eventSourceArn"] == _arn(stack, noun)
    assert mapping["functionName"] == f"arn:aws:lambda/alias:Alias:{noun}-worker"
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["scalingConfig"] == {"maximumConcurrency": 2 if noun == "checks" else 5}
    assert mapping["batchSize"] == 1
    variables = stack.of("lambda/function:Function")[f"{noun}-worker"].inputs["environment"]["variables"]
    assert {"QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "ENTITY_TABLE", "ASSETS_BUCKET"} <= variables.keys()


@pytest.mark.parametrize(
    ("noun", "wants"),
    [
        ("assets", {"kind": ["template"], "change": ["created"]}),
        ("cleanup", {"kind": ["application"], "change": ["deleted"]}),
        ("checks", {"kind": ["version"], "change": ["created"]}),
    ],
)
def test_a_subscription_wants_its_changes_and_keeps_what_it_cannot_deliver(
    stack: Deployed, noun: str, wants: dict[str, list[str]]
) -> None:
    subscription = stack.of("sns/topicSubscription:TopicSubscription")[noun].inputs
    assert json.loads(subscription["filterPolicy"]) == wants
    assert subscription["rawMessageDelivery"] is True
    assert (subscription["topic"], subscription["endpoint"]) == (
        stack.outputs["changes_topic_arn"],
        _arn(stack, noun),
    )
    assert json.loads(subscription["redrivePolicy"]) == {
        "deadLetterTargetArn": _arn(stack, f"{noun}-undelivered")
    }


def test_every_queue_is_tls_only_and_takes_messages_of_its_own_source_alone(stack: Deployed) -> None:
    policies = stack.of("sqs/queuePolicy:QueuePolicy")
    assert set(policies) == set(stack.of("sqs/queue:Queue"))
    for name, one in policies.items():
        deny, *allowed = one.document("policy")["Statement"]
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", "*", ["sqs:*"])
        senders = {
            (statement["Principal"]["Service"], statement["Condition"]["ArnEquals"]["aws:SourceArn"])
            for statement in allowed
        }
        if name in QUEUES or name.endswith("-undelivered"):
            assert senders == {("sns.amazonaws.com", stack.outputs["changes_topic_arn"])}
        elif name == "changes-failed":
            assert senders == {("s3.amazonaws.com", "arn:aws:s3/bucket:Bucket:changes-failures")}
        else:
            assert senders == set()


def test_every_dead_letter_pages_and_every_queue_is_watched_for_age(stack: Deployed) -> None:
    alarms = [one.inputs for one in stack.of("cloudwatch/metricAlarm:MetricAlarm").values()]
    paged = {
        one["dimensions"]["QueueName"]
        for one in alarms
        if one["metricName"] == "ApproximateNumberOfMessagesVisible"
        and one["threshold"] == 1
        and one["alarmActions"] == [stack.outputs["page_topic_arn"]]
    }
    aged = {
        one["dimensions"]["QueueName"]: one["threshold"]
        for one in alarms
        if one["metricName"] == "ApproximateAgeOfOldestMessage"
    }
    names = {one.inputs["name"] for one in stack.of("sqs/queue:Queue").values()}
    assert paged == {name for name in names if name.endswith(("-dlq", "-undelivered", "-failed-changes"))}
    assert aged == dict.fromkeys(names - paged, 900)


def test_everything_asynchronous_ends_in_a_queue_that_pages(stack: Deployed) -> None:
    paged = {
        one.inputs["dimensions"]["QueueName"]
        for one in stack.of("cloudwatch/metricAlarm:MetricAlarm").values()
        if one.inputs["metricName"] == "ApproximateNumberOfMessagesVisible"
    }
    pages = {
        f"arn:aws:sqs/queue:Queue:{name}": one.inputs["name"] in paged
        for name, one in stack.of("sqs/queue:Queue").items()
    }
    ends: dict[str, bool] = {}
    for name, one in stack.of("sqs/queue:Queue").items():
        dead = json.loads(one.inputs.get("redrivePolicy", "{}")).get("deadLetterTargetArn")
        ends[f"queue {name}"] = pages[f"arn:aws:sqs/queue:Queue:{name}"] or pages.get(dead, False)
    for name, one in stack.of("sns/topicSubscription:TopicSubscription").items():
        if one.inputs["protocol"] != "email":
            dead = json.loads(one.inputs["redrivePolicy"])["deadLetterTargetArn"]
            ends[f"subscription {name}"] = pages[dead]
    told = {
        one.inputs["bucket"]: pages[one.inputs["queues"][0]["queueArn"]]
        for one in stack.of("s3/bucketNotification:BucketNotification").values()
    }
    buckets = {
        f"arn:aws:s3/bucket:Bucket:{name}": one.inputs["bucket"]
        for name, one in stack.of("s3/bucket:Bucket").items()
    }
    for name, mapping in _mappings(stack).items():
        source = mapping.inputs["eventSourceArn"]
        if source in pages:
            ends[f"mapping {name}"] = ends[f"queue {name}"]
        else:
            failures = mapping.inputs["destinationConfig"]["onFailure"]["destinationArn"]
            ends[f"mapping {name}"] = told[buckets[failures]]
    assert ends
    assert [edge for edge, paging in ends.items() if not paging] == []


def test_the_stream_is_followed_with_an_end_to_every_failure(stack: Deployed) -> None:
    mapping = _mappings(stack)["changes"].inputs
    assert mapping["eventSourceArn"] == "arn:aws:dynamodb/table:Table:entities/stream/1"
    assert mapping["functionName"] == "arn:aws:lambda/alias:Alias:changes-announcer"
    assert mapping["startingPosition"] == "TRIM_HORIZON"
    assert mapping["bisectBatchOnFunctionError"] is True
    assert mapping["maximumRecordAgeInSeconds"] == 72_000  # under the 24 hours that DynamoDB keeps records
    assert mapping["maximumRetryAttempts"] == 10_000
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["destinationConfig"] == {
        "onFailure": {"destinationArn": "arn:aws:s3/bucket:Bucket:changes-failures"}
    }
    told = stack.of("s3/bucketNotification:BucketNotification")["changes"].inputs
    assert told["queues"] == [
        {"id": "failures", "queueArn": _arn(stack, "failed-changes"), "events": ["s3:ObjectCreated:*"]}
    ]


def test_only_the_kinds_that_somebody_wants_leave_the_table(stack: Deployed) -> None:
    patterns = [
        json.loads(one["pattern"]) for one in _mappings(stack)["changes"].inputs["filterCriteria"]["filters"]
    ]
    assert patterns == [
        {
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {"NewImage": {"kind": {"S": ["application", "version", "template"]}}},
        },
        {"eventName": ["REMOVE"], "dynamodb": {"OldImage": {"kind": {"S": ["application", "version"]}}}},
    ]


def test_the_topic_of_changes_is_encrypted_and_the_announcer_may_use_it_alone(alpha: Deployed) -> None:
    assert alpha.of("sns/topic:Topic")["changes"].inputs["kmsMasterKeyId"] == "key-id"
    rights = {
        statement["Sid"]: statement
        for statement in alpha.of("iam/rolePolicy:RolePolicy")["changes-announcer"].document("policy")[
            "Statement"
        ]
    }
    assert set(rights) == {
        "FollowStream", "Announce", "EncryptMessages", "SetAside", "WriteLogs", "SendTraces",
    }  # fmt: skip
    assert rights["Announce"]["Resource"] == [alpha.outputs["changes_topic_arn"]]
    assert rights["SetAside"]["Action"] == ["s3:PutObject", "s3:ListBucket"]


def test_what_was_copied_for_consumers_is_never_cleaned_up(alpha: Deployed) -> None:
    for one in alpha.of("iam/rolePolicy:RolePolicy").values():
        for statement in one.document("policy")["Statement"]:
            if any(action.startswith("s3:Delete") for action in statement["Action"]):
                assert not any("deploy" in resource for resource in statement["Resource"]), one.name
