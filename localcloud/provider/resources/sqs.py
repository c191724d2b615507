"""SQS. Everything about a queue is an attribute, and attributes are text."""

from collections.abc import Iterator

from localcloud.provider.description import Call, Complaint, Description, Member, Step, Tags
from localcloud.provider.job import Job
from localcloud.provider.resources.fifo import fifo_name, without_fifo
from localcloud.provider.values import Properties, same_document, same_policy

_ATTRIBUTES = {
    "contentBasedDeduplication": "Attributes.ContentBasedDeduplication",
    "deduplicationScope": "Attributes.DeduplicationScope",
    "delaySeconds": "Attributes.DelaySeconds",
    "fifoQueue": "Attributes.FifoQueue",
    "fifoThroughputLimit": "Attributes.FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "Attributes.KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "Attributes.KmsMasterKeyId",
    "maxMessageSize": "Attributes.MaximumMessageSize",
    "messageRetentionSeconds": "Attributes.MessageRetentionPeriod",
    "policy": "Attributes.Policy",
    "receiveWaitTimeSeconds": "Attributes.ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "Attributes.RedriveAllowPolicy",
    "redrivePolicy": "Attributes.RedrivePolicy",
    "sqsManagedSseEnabled": "Attributes.SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "Attributes.VisibilityTimeout",
}
_LIMITS = {  # SQS API reference, SetQueueAttributes; botocore's model does not hold them
    "delaySeconds": (0, 900),
    "kmsDataKeyReusePeriodSeconds": (60, 86_400),
    "maxMessageSize": (1024, 1_048_576),
    "messageRetentionSeconds": (60, 1_209_600),
    "receiveWaitTimeSeconds": (0, 20),
    "visibilityTimeoutSeconds": (0, 43_200),
}
_READ = Call(operation="get_queue_attributes", params={"QueueUrl": "{id}", "AttributeNames": ["All"]})


def _last(arn: str) -> str:
    return arn.rpartition(":")[2]


def _limits(inputs: Properties) -> Iterator[Complaint]:
    for name, (low, high) in _LIMITS.items():
        value = inputs.get(name)
        if isinstance(value, int) and not low <= value <= high:
            yield name, f"is {value}, and {low} to {high} are allowed"
    if bool(inputs.get("fifoQueue")) != str(inputs.get("name", "")).endswith(".fifo"):
        yield "name", "must end in .fifo for a FIFO queue, and only for one"


def _create(job: Job) -> object:
    kept = without_fifo(job.properties, "fifoQueue")
    params = {"QueueName": kept["name"]} | ({"tags": kept["tagsAll"]} if kept.get("tagsAll") else {})
    create = Call(operation="create_queue", params=params, sends=tuple(_ATTRIBUTES))
    return job.having(properties=kept).run(create)


def _set_attributes(job: Job) -> None:
    changed = tuple(sorted(job.changed & _ATTRIBUTES.keys() - {"fifoQueue"}))
    wanted = {name: value for name, value in job.properties.items() if name in changed}
    wanted |= {name: "" for name in changed if name not in wanted}
    call = Call(operation="set_queue_attributes", params={"QueueUrl": "{id}"}, sends=changed)
    job.having(properties=wanted).run(call)


def _attribute(token: str, name: str) -> Description:
    """One attribute of a queue as a resource of its own: set it, and set it to nothing."""
    write = Call(operation="set_queue_attributes", params={"QueueUrl": "{queueUrl}"}, sends=(name,))
    attribute = _ATTRIBUTES[name].partition(".")[2]
    return Description(
        token=token,
        service="sqs",
        id="{queueUrl}",
        create=write,
        # No such attribute means that the resource is gone, though the queue is there.
        read=(
            Call(operation="get_queue_attributes", params=_READ.params, pick=f"Attributes.{attribute} && @"),
        ),
        steps=(Step(properties=(name,), action=write),),
        delete=Call(
            operation="set_queue_attributes", params={"QueueUrl": "{id}", "Attributes": {attribute: ""}}
        ),
        members={name: _ATTRIBUTES[name], "queueUrl": "-"},
        same={name: same_policy if name == "policy" else same_document},
    )


DESCRIPTIONS = (
    Description(
        token="aws:sqs/queue:Queue",  # noqa: S106 - a type's name, no secret
        service="sqs",
        id="{url}",
        create=_create,
        read=(_READ,),
        steps=(Step(properties=tuple(_ATTRIBUTES), action=_set_attributes),),
        delete=Call(operation="delete_queue", params={"QueueUrl": "{id}"}),
        members={**_ATTRIBUTES, "name": Member(sent="QueueName", read="Attributes.QueueArn", from_api=_last)},
        outputs={"url": "QueueUrl", "arn": "Attributes.QueueArn"},
        tags=Tags(read="list_queue_tags", write="tag_queue", drop="untag_queue", by={"QueueUrl": "{id}"}),
        same={"policy": same_policy, "redrivePolicy": same_document, "redriveAllowPolicy": same_document},
        checks=(_limits,),
        autoname=lambda name, inputs: fifo_name(name, fifo=inputs.get("fifoQueue")),
    ),
    _attribute("aws:sqs/queuePolicy:QueuePolicy", "policy"),
    _attribute("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "redriveAllowPolicy"),
    _attribute("aws:sqs/redrivePolicy:RedrivePolicy", "redrivePolicy"),
)
