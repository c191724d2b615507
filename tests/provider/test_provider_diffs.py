"""Diff: nothing, an update in place, or a replacement."""

import json
from typing import Any

import pytest

from localcloud.provider.values import UNKNOWN
from tests.provider.cases import text_archive
from tests.provider.driver import Driver, Resource

pytestmark = pytest.mark.unit

NONE, SOME = 1, 2
QUEUE, TABLE, ALARM = (
    "aws:sqs/queue:Queue",
    "aws:dynamodb/table:Table",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
)
INDEX = {"name": "i", "rangeKey": "b", "projectionType": "ALL"}
GLOBAL = {"name": "g", "hashKey": "a", "projectionType": "ALL"}


def diff(driver: Driver, token: str, old: dict[str, Any], new: dict[str, Any]) -> Any:
    return driver.diff(Resource(token, "it", old), new)


REPLACES = [
    (QUEUE, {"name": "a"}, {"name": "b"}, "name"),
    (QUEUE, {"fifoQueue": False}, {"fifoQueue": True}, "fifoQueue"),
    (QUEUE, {"region": "us-east-1"}, {"region": "eu-west-1"}, "region"),
    (TABLE, {"hashKey": "a"}, {"hashKey": "b"}, "hashKey"),
    (TABLE, {"rangeKey": "a"}, {"rangeKey": UNKNOWN}, "rangeKey"),
    (TABLE, {}, {"localSecondaryIndexes": [INDEX]}, "localSecondaryIndexes"),
    (
        TABLE,
        {"localSecondaryIndexes": [INDEX]},
        {"localSecondaryIndexes": [{**INDEX, "rangeKey": "c"}]},
        "localSecondaryIndexes",
    ),
    ("aws:kms/key:Key", {"keyUsage": "ENCRYPT_DECRYPT"}, {"keyUsage": "GENERATE_VERIFY_MAC"}, "keyUsage"),
    ("aws:iam/rolePolicy:RolePolicy", {"role": "a"}, {"role": "b"}, "role"),
    ("aws:lambda/permission:Permission", {"sourceArn": "a"}, {"sourceArn": "b"}, "sourceArn"),
    ("aws:lambda/permission:Permission", {}, {"sourceArn": "b"}, "sourceArn"),
    (
        "aws:apigateway/deployment:Deployment",
        {"triggers": {"hash": "1"}},
        {"triggers": {"hash": "2"}},
        "triggers",
    ),
    ("aws:apigateway/integration:Integration", {"type": "MOCK"}, {"type": "AWS_PROXY"}, "type"),
    ("aws:apigateway/authorizer:Authorizer", {"type": "TOKEN"}, {"type": "COGNITO_USER_POOLS"}, "type"),
    ("aws:ssm/parameter:Parameter", {"tier": "Advanced"}, {"tier": "Standard"}, "tier"),
    ("aws:sns/topicSubscription:TopicSubscription", {"endpoint": "a"}, {"endpoint": "b"}, "endpoint"),
    (
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        {"startingPosition": "LATEST"},
        {"startingPosition": "TRIM_HORIZON"},
        "startingPosition",
    ),
]


@pytest.mark.parametrize(("token", "old", "new", "key"), REPLACES)
def test_a_change_of_what_cannot_change_replaces(
    offline: Driver, token: str, old: dict[str, Any], new: dict[str, Any], key: str
) -> None:
    answer = diff(offline, token, old, new)
    assert list(answer.replaces) == [key]
    assert answer.changes == SOME
    [kind] = {detail.kind for detail in answer.detailedDiff.values()}
    assert kind in (1, 3, 5), "one of the kinds that say replace"


UPDATES = [
    (QUEUE, {"visibilityTimeoutSeconds": 30}, {"visibilityTimeoutSeconds": 60}, "visibilityTimeoutSeconds"),
    (QUEUE, {"tags": {"a": "b"}}, {"tags": {"a": "c"}}, "tags.a"),
    (QUEUE, {"tags": {}}, {"tags": {"a.b/c": "c"}}, 'tags["a.b/c"]'),
    (QUEUE, {"tagsAll": {"a": "b"}}, {"tagsAll": UNKNOWN}, "tagsAll"),
    (TABLE, {}, {"globalSecondaryIndexes": [GLOBAL]}, "globalSecondaryIndexes"),
    (
        TABLE,
        {"globalSecondaryIndexes": [GLOBAL]},
        {"globalSecondaryIndexes": [{**GLOBAL, "hashKey": "c"}]},
        "globalSecondaryIndexes[0].hashKey",
    ),
    ("aws:lambda/function:Function", {"code": text_archive(m="1")}, {"code": text_archive(m="2")}, "code"),
    ("aws:lambda/function:Function", {"runtime": "python3.11"}, {"runtime": "python3.12"}, "runtime"),
    ("aws:lambda/function:Function", {"layers": ["a", "b"]}, {"layers": ["b", "a"]}, "layers[0]"),
    ("aws:apigateway/authorizer:Authorizer", {"type": "TOKEN"}, {"type": "REQUEST"}, "type"),
    ("aws:apigateway/stage:Stage", {"deployment": "a"}, {"deployment": "b"}, "deployment"),
    ("aws:apigateway/restApi:RestApi", {"name": "a"}, {"name": "b"}, "name"),
    ("aws:ssm/parameter:Parameter", {"tier": "Standard"}, {"tier": "Advanced"}, "tier"),
    ("aws:s3/bucket:Bucket", {"forceDestroy": False}, {"forceDestroy": True}, "forceDestroy"),
    (
        ALARM,
        {"threshold": 1, "okActions": ["a", "b"]},
        {"threshold": 1, "okActions": ["b", "c"]},
        "okActions[1]",
    ),
    (ALARM, {"alarmDescription": "a"}, {}, "alarmDescription"),
]


@pytest.mark.parametrize(("token", "old", "new", "path"), UPDATES)
def test_any_other_change_updates_in_place_and_is_shown_at_its_path(
    offline: Driver, token: str, old: dict[str, Any], new: dict[str, Any], path: str
) -> None:
    answer = diff(offline, token, old, new)
    assert not answer.replaces
    assert answer.changes == SOME
    assert path in answer.detailedDiff
    assert answer.detailedDiff[path].inputDiff


READ, READ_AGAIN = (
    json.dumps(
        {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}], "Version": "2012-10-17"}
    )
    for action, resource in ((["a:b", "a:c"], ["*"]), (["a:c", "a:b"], "*"))
)
SAME = [
    (QUEUE, {"policy": READ}, {"policy": READ_AGAIN}),
    (QUEUE, {"redrivePolicy": '{"maxReceiveCount":3}'}, {"redrivePolicy": '{ "maxReceiveCount": 3 }'}),
    (QUEUE, {"redrivePolicy": '{"maxReceiveCount":3}'}, {}),  # computed by the service when left out
    (QUEUE, {"kmsMasterKeyId": ""}, {}),
    (QUEUE, {"tags": {}}, {}),
    (
        TABLE,
        {"attributes": [{"name": "a", "type": "S"}, {"name": "b", "type": "S"}]},
        {"attributes": [{"name": "b", "type": "S"}, {"name": "a", "type": "S"}]},
    ),
    (TABLE, {"serverSideEncryption": {"enabled": False}}, {}),
    (ALARM, {"alarmActions": ["a", "b"]}, {"alarmActions": ["b", "a"]}),
    (
        "aws:cloudwatch/dashboard:Dashboard",
        {"dashboardBody": '{"widgets":[]}'},
        {"dashboardBody": '{"widgets": []}'},
    ),
    (
        "aws:lambda/function:Function",
        {"code": {**text_archive(m="1"), "path": "a"}},
        {"code": {**text_archive(m="1"), "path": "b"}},
    ),
    (
        "aws:lambda/alias:Alias",
        {"functionName": "f"},
        {"functionName": "arn:aws:lambda:us-east-1:1:function:f"},
    ),
    ("aws:kms/alias:Alias", {"targetKeyId": "k"}, {"targetKeyId": "arn:aws:kms:us-east-1:1:key/k"}),
]


@pytest.mark.parametrize(("token", "old", "new"), SAME)
def test_what_means_the_same_is_no_difference(
    offline: Driver, token: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    answer = diff(offline, token, old, new)
    assert (answer.changes, list(answer.diffs)) == (NONE, [])


def test_a_policy_with_another_action_is_a_difference(offline: Driver) -> None:
    assert diff(offline, QUEUE, {"policy": READ}, {"policy": READ.replace("a:b", "a:d")}).changes == SOME


def test_the_order_of_widgets_in_a_dashboard_is_a_difference(offline: Driver) -> None:
    one, other = ('{"widgets": [1, 2]}', '{"widgets": [2, 1]}')
    answer = diff(
        offline, "aws:cloudwatch/dashboard:Dashboard", {"dashboardBody": one}, {"dashboardBody": other}
    )
    assert answer.changes == SOME


@pytest.mark.parametrize(
    ("token", "defaults", "first"),
    [
        (QUEUE, ["name"], False),
        (QUEUE, [], True),
        ("aws:apigateway/integration:Integration", [], True),
        ("aws:apigateway/deployment:Deployment", [], False),
    ],
)
def test_a_thing_whose_name_is_given_is_deleted_before_it_is_replaced(
    offline: Driver, token: str, defaults: list[str], first: bool
) -> None:
    named = {"name": "a"} if token == QUEUE else {}
    old, new = ({**named, "region": region, "__defaults": defaults} for region in ("us-east-1", "eu-west-1"))
    answer = diff(offline, token, old, new)
    assert list(answer.replaces) == ["region"]
    assert answer.deleteBeforeReplace is first
