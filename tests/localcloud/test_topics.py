"""Nothing that is published to a topic is lost on its way to a queue."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.emulator import LocalServices, create_role
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

ACCOUNT = "444444444444"


def queue(services: LocalServices, name: str, topic: str | None) -> tuple[str, str]:
    """URL and ARN of a queue that this topic may send to, nobody when there is none."""
    sqs = services.client("sqs", ACCOUNT)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if topic:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def subscribe(services: LocalServices, topic: str, endpoint: str, **attributes: str) -> None:
    services.client("sns", ACCOUNT).subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=endpoint,
        Attributes={"RawMessageDelivery": "true"} | attributes,
    )


def arriving(services: LocalServices, url: str) -> list[str]:
    """The bodies of the first messages that come."""
    found: list[str] = []

    def came() -> bool:
        answer = services.client("sqs", ACCOUNT).receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        found.extend(message["Body"] for message in answer.get("Messages", ()))
        return bool(found)

    until(came)
    return found


def publish(services: LocalServices, topic: str, text: str, **attributes: str) -> None:
    told: dict[str, Any] = {
        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
    }
    services.client("sns", ACCOUNT).publish(TopicArn=topic, Message=text, MessageAttributes=told)


def test_a_subscription_gets_what_its_filter_names_and_nothing_else(services: LocalServices) -> None:
    topic = services.client("sns", ACCOUNT).create_topic(Name="filtered")["TopicArn"]
    url, arn = queue(services, "filtered", topic)
    subscribe(services, topic, arn, FilterPolicy=json.dumps({"kind": ["version"], "change": ["created"]}))
    publish(services, topic, "no", kind="version", change="deleted")
    publish(services, topic, "no", kind="template", change="created")
    publish(services, topic, "no")
    publish(services, topic, "yes", kind="version", change="created")
    assert arriving(services, url) == ["yes"]


@pytest.mark.parametrize("obstacle", ["closed", "gone"])
def test_what_a_queue_does_not_take_waits_in_the_subscriptions_dead_letter_queue(
    services: LocalServices, obstacle: str
) -> None:
    topic = services.client("sns", ACCOUNT).create_topic(Name=obstacle)["TopicArn"]
    url, arn = queue(services, obstacle, None)
    dead_url, dead_arn = queue(services, f"{obstacle}-undelivered", topic)
    subscribe(services, topic, arn, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn}))
    if obstacle == "gone":
        services.client("sqs", ACCOUNT).delete_queue(QueueUrl=url)
    publish(services, topic, "lost?")
    assert arriving(services, dead_url) == ["lost?"]


def test_a_batch_needs_the_right_to_the_single_operation(services: LocalServices) -> None:
    topic = services.client("sns", ACCOUNT).create_topic(Name="batches")["TopicArn"]
    url, arn = queue(services, "batches", topic)
    subscribe(services, topic, arn)
    create_role(services.client("iam", ACCOUNT), "batches")
    may = {"Effect": "Allow", "Action": ["sns:Publish", "sqs:ReceiveMessage", "sqs:DeleteMessage"]}
    policy = {"Version": "2012-10-17", "Statement": [may | {"Resource": "*"}]}
    services.client("iam", ACCOUNT).put_role_policy(
        RoleName="batches", PolicyName="p", PolicyDocument=json.dumps(policy)
    )
    sns, sqs = (session_client(services, service, "batches") for service in ("sns", "sqs"))
    sent = sns.publish_batch(
        TopicArn=topic, PublishBatchRequestEntries=[{"Id": name, "Message": name} for name in "ab"]
    )
    assert len(sent["Successful"]) == 2
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(received)]
    assert len(sqs.delete_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == len(received)
    with pytest.raises(ClientError, match="sqs:SendMessage"):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "a"}])


def session_client(services: LocalServices, service: str, role: str) -> Any:
    """A client of a session of that role."""
    made = services.client("sts", ACCOUNT).assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="me"
    )["Credentials"]
    return boto3.client(
        service,
        endpoint_url=services.places.emulator_url,
        region_name="us-east-1",
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
        aws_session_token=made["SessionToken"],
    )
