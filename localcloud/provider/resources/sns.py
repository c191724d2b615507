"""SNS. Attributes are set one by one."""

import json
from collections.abc import Mapping

from localcloud.provider.description import EVERYTHING, Call, Description, Hook, Member, Step, Tags
from localcloud.provider.job import Job
from localcloud.provider.resources.fifo import fifo_name, without_fifo
from localcloud.provider.values import same_document, same_policy

_TOPIC = {
    "contentBasedDeduplication": "Attributes.ContentBasedDeduplication",
    "deliveryPolicy": "Attributes.DeliveryPolicy",
    "displayName": "Attributes.DisplayName",
    "fifoTopic": "Attributes.FifoTopic",
    "kmsMasterKeyId": "Attributes.KmsMasterKeyId",
    "policy": "Attributes.Policy",
    "signatureVersion": "Attributes.SignatureVersion",
    "tracingConfig": "Attributes.TracingConfig",
}
_SUBSCRIPTION = {
    "deliveryPolicy": "Attributes.DeliveryPolicy",
    "filterPolicy": "Attributes.FilterPolicy",
    "filterPolicyScope": "Attributes.FilterPolicyScope",
    "rawMessageDelivery": "Attributes.RawMessageDelivery",
    "redrivePolicy": "Attributes.RedrivePolicy",
    "subscriptionRoleArn": "Attributes.SubscriptionRoleArn",
}


_OWNERS_ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)


def _set_each(operation: str, holder: str, attributes: Mapping[str, str]) -> Hook:
    """A step that sets every changed attribute; one that the program dropped is set to nothing."""

    def set_each(job: Job) -> None:
        for name in sorted(job.changed & attributes.keys()):
            value = job.properties.get(name, "")
            text = value if isinstance(value, str) else str(value).lower()
            attribute = attributes[name].partition(".")[2]
            getattr(job.client, operation)(**{holder: job.id}, AttributeName=attribute, AttributeValue=text)

    return set_each


def _create_topic(job: Job) -> object:
    kept = without_fifo(job.properties, "fifoTopic")
    tags = [{"Key": key, "Value": value} for key, value in (kept.get("tagsAll") or {}).items()]
    params = {"Name": kept["name"]} | ({"Tags": tags} if tags else {})
    create = Call(operation="create_topic", params=params, sends=tuple(_TOPIC))
    return job.having(properties=kept).run(create)


def _default_policy(job: Job) -> None:
    """What a topic has before anyone gives it a policy: its owner may do everything."""
    owner = job.id.split(":")[4]
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNERS_ACTIONS],
        "Resource": job.id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
    }
    policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    job.client.set_topic_attributes(
        TopicArn=job.id, AttributeName="Policy", AttributeValue=json.dumps(policy)
    )


_READ_TOPIC = Call(operation="get_topic_attributes", params={"TopicArn": "{id}"})
_WRITE_POLICY = Call(
    operation="set_topic_attributes",
    params={"TopicArn": "{arn}", "AttributeName": "Policy", "AttributeValue": "{policy}"},
)

DESCRIPTIONS = (
    Description(
        token="aws:sns/topic:Topic",  # noqa: S106
        service="sns",
        id="{arn}",
        create=_create_topic,
        read=(_READ_TOPIC,),
        steps=(Step(properties=tuple(_TOPIC), action=_set_each("set_topic_attributes", "TopicArn", _TOPIC)),),
        delete=Call(operation="delete_topic", params={"TopicArn": "{id}"}),
        members={
            **_TOPIC,
            "name": Member(
                sent="Name", read="Attributes.TopicArn", from_api=lambda arn: arn.rpartition(":")[2]
            ),
        },
        outputs={"arn": "TopicArn", "owner": "Attributes.Owner"},
        tags=Tags(
            read="list_tags_for_resource",
            write="tag_resource",
            drop="untag_resource",
            by={"ResourceArn": "{id}"},
        ),
        same={"policy": same_policy, "deliveryPolicy": same_document},
        autoname=lambda name, inputs: fifo_name(name, fifo=inputs.get("fifoTopic")),
    ),
    Description(
        token="aws:sns/topicPolicy:TopicPolicy",  # noqa: S106
        service="sns",
        id="{arn}",
        create=_WRITE_POLICY,
        read=(_READ_TOPIC,),
        steps=(Step(properties=("policy",), action=_WRITE_POLICY),),
        delete=_default_policy,
        members={"policy": "Attributes.Policy", "arn": "Attributes.TopicArn"},
        outputs={"owner": "Attributes.Owner"},
        same={"policy": same_policy},
    ),
    Description(
        token="aws:sns/topicSubscription:TopicSubscription",  # noqa: S106
        service="sns",
        id="{arn}",
        create=Call(operation="subscribe", params={"ReturnSubscriptionArn": True}, sends=EVERYTHING),
        read=(Call(operation="get_subscription_attributes", params={"SubscriptionArn": "{id}"}),),
        steps=(
            Step(
                properties=tuple(_SUBSCRIPTION),
                action=_set_each("set_subscription_attributes", "SubscriptionArn", _SUBSCRIPTION),
            ),
        ),
        delete=Call(operation="unsubscribe", params={"SubscriptionArn": "{id}"}),
        members={
            **_SUBSCRIPTION,
            "topic": Member(sent="TopicArn", read="Attributes.TopicArn"),
            "protocol": Member(sent="Protocol", read="Attributes.Protocol"),
            "endpoint": Member(sent="Endpoint", read="Attributes.Endpoint"),
        },
        outputs={
            "arn": "SubscriptionArn",
            "ownerId": "Attributes.Owner",
            "confirmationWasAuthenticated": "Attributes.ConfirmationWasAuthenticated",
            "pendingConfirmation": "Attributes.PendingConfirmation",
        },
        local=frozenset({"confirmationTimeoutInMinutes", "endpointAutoConfirms"}),
        same={"filterPolicy": same_document, "redrivePolicy": same_document, "deliveryPolicy": same_document},
    ),
)
