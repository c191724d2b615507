"""Check: names, defaults, tags, and what is refused before anything is touched."""

import json
from typing import Any

import pytest

from localcloud.provider.facts import all_facts
from localcloud.provider.values import UNKNOWN
from tests.provider.cases import ARCHITECTURE, RUNTIME, policy, text_archive, trust
from tests.provider.driver import Driver, RefusedError

pytestmark = pytest.mark.unit

QUEUE, TABLE, FUNCTION = "aws:sqs/queue:Queue", "aws:dynamodb/table:Table", "aws:lambda/function:Function"
ROLE = "arn:aws:iam::123456789012:role/r"
RUNS = {
    "role": ROLE,
    "runtime": RUNTIME,
    "architectures": [ARCHITECTURE],
    "handler": "m.h",
    "code": text_archive(m=""),
}
ALARM = {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1}


def refusal(driver: Driver, token: str, inputs: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(RefusedError) as refused:
        driver.check(token, "it", inputs)
    return refused.value.failures


def test_a_type_that_is_not_supported_is_refused_by_name(offline: Driver) -> None:
    [(_, reason)] = refusal(offline, "aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"})
    assert reason.startswith("aws:ec2/vpc:Vpc is not supported by the local AWS provider")


@pytest.mark.parametrize(
    ("token", "inputs", "path"),
    [
        (QUEUE, {"namePrefix": "a"}, "namePrefix"),
        (
            TABLE,
            {"hashKey": "a", "attributes": [{"name": "a", "type": "S", "kind": 1}]},
            "attributes[0].kind",
        ),
        ("aws:s3/bucket:Bucket", {"versioning": {"enabled": True}}, "versioning"),
        (FUNCTION, {**RUNS, "vpcConfig": {"subnetIds": []}}, "vpcConfig"),
    ],
)
def test_a_property_that_is_not_supported_is_refused_at_its_path(
    offline: Driver, token: str, inputs: dict[str, Any], path: str
) -> None:
    assert refusal(offline, token, inputs) == [(path, "is not supported by the local AWS provider")]


@pytest.mark.parametrize(
    ("token", "inputs", "path", "reason"),
    [
        (
            QUEUE,
            {"visibilityTimeoutSeconds": 99_999},
            "visibilityTimeoutSeconds",
            "is 99999, and 0 to 43200 are allowed",
        ),
        (QUEUE, {"visibilityTimeoutSeconds": "soon"}, "visibilityTimeoutSeconds", "must be an integer"),
        (QUEUE, {"tags": ["a"]}, "tags", "must be a map"),
        (
            QUEUE,
            {"name": "a", "fifoQueue": True},
            "name",
            "must end in .fifo for a FIFO queue, and only for one",
        ),
        (TABLE, {"attributes": []}, "hashKey", "is required, and missing"),
        (TABLE, {"hashKey": "a", "attributes": []}, "attributes", "lacks 'a', which is a key"),
        ("aws:iam/role:Role", {}, "assumeRolePolicy", "is required, and missing"),
        (
            "aws:iam/role:Role",
            {"assumeRolePolicy": "{}", "maxSessionDuration": 60},
            "maxSessionDuration",
            "is 60 , and 3600",
        ),
        ("aws:s3/bucket:Bucket", {"bucket": "No"}, "bucket", "has 2 characters, and 3 to 63 are allowed"),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {**ALARM, "comparisonOperator": ">"},
            "comparisonOperator",
            "'>' is not one",
        ),
        (FUNCTION, {**RUNS, "memorySize": 64}, "memorySize", "is 64"),
        (
            FUNCTION,
            {**RUNS, "runtime": "python3.9"},
            "runtime",
            f"is python3.9, and this machine's functions run on {RUNTIME}",
        ),
        (FUNCTION, {**RUNS, "packageType": "Image"}, "packageType", "must be Zip"),
        (
            FUNCTION,
            {k: v for k, v in RUNS.items() if k != "code"},
            "code",
            "or s3Bucket is required, and not both",
        ),
        (
            "aws:lambda/permission:Permission",
            {"action": "lambda:InvokeFunction", "function": "f", "principal": "p", "statementId": "a" * 101},
            "statementId",
            "has 101 characters",
        ),
    ],
)
def test_what_the_service_would_refuse_is_refused_before_anything_is_touched(
    offline: Driver, token: str, inputs: dict[str, Any], path: str, reason: str
) -> None:
    failures = refusal(offline, token, inputs)
    assert [(at, why) for at, why in failures if at == path and why.startswith(reason.replace(" ,", ","))], (
        failures
    )


def test_the_other_architecture_is_refused(offline: Driver) -> None:
    other = {"arm64": "x86_64", "x86_64": "arm64"}[ARCHITECTURE]
    [(path, reason)] = refusal(offline, FUNCTION, {**RUNS, "architectures": [other]})
    assert (path, reason) == ("architectures", f"is {other}, and this machine is {ARCHITECTURE}")


@pytest.mark.parametrize(
    ("token", "inputs", "key", "name"),
    [
        (QUEUE, {}, "name", "it-0001020"),
        (QUEUE, {"fifoQueue": True}, "name", "it-0001020.fifo"),
        ("aws:sns/topic:Topic", {"fifoTopic": True}, "name", "it-0001020.fifo"),
        ("aws:kms/alias:Alias", {"targetKeyId": "k"}, "name", "alias/it-0001020"),
        (
            "aws:lambda/permission:Permission",
            {"action": "a", "function": "f", "principal": "p"},
            "statementId",
            "it-0001020",
        ),
    ],
)
def test_a_name_that_is_left_out_is_made_from_the_logical_one(
    offline: Driver, token: str, inputs: dict[str, Any], key: str, name: str
) -> None:
    checked = offline.check(token, "it", inputs)
    assert checked[key] == name
    assert key in checked["__defaults"]


def test_a_long_logical_name_is_cut_to_the_limit_and_a_bucket_is_lower_case(offline: Driver) -> None:
    role = offline.check("aws:iam/role:Role", "r" * 100, {"assumeRolePolicy": trust("x")})
    assert role["name"] == "r" * 56 + "-0001020"
    assert offline.check("aws:s3/bucket:Bucket", "Assets", {})["bucket"] == "assets-0001020"


def test_a_made_name_stays_and_a_given_one_that_is_dropped_makes_way_for_a_made_one(offline: Driver) -> None:
    made = {"name": "it-fffffff", "__defaults": ["name"]}
    assert offline.check(QUEUE, "it", {}, olds=made)["name"] == "it-fffffff"
    assert offline.check(QUEUE, "it", {}, olds={"name": "given", "__defaults": []})["name"] == "it-0001020"
    assert offline.check(QUEUE, "it", {"name": "given"}, olds=made)["name"] == "given"


def test_defaults_are_filled_and_named(offline: Driver) -> None:
    checked = offline.check(QUEUE, "it", {"delaySeconds": 5})
    assert checked["visibilityTimeoutSeconds"] == 30
    assert checked["region"] == "us-east-1"
    assert {"visibilityTimeoutSeconds", "region", "name"} <= set(checked["__defaults"])
    assert "delaySeconds" not in checked["__defaults"]


def test_defaults_inside_an_object_are_filled_where_the_object_is_given(offline: Driver) -> None:
    checked = offline.check(
        TABLE,
        "it",
        {"hashKey": "a", "attributes": [{"name": "a", "type": "S"}], "ttl": {"attributeName": "t"}},
    )
    assert checked["ttl"] == {"attributeName": "t", "enabled": False, "__defaults": ["enabled"]}
    assert "loggingConfig" not in offline.check(FUNCTION, "it", RUNS)


def test_a_global_service_has_no_region(offline: Driver) -> None:
    assert "region" not in offline.check("aws:iam/role:Role", "it", {"assumeRolePolicy": trust("x")})


def test_default_tags_are_merged_under_the_resources_own(offline: Driver) -> None:
    assert offline.check(QUEUE, "it", {})["tagsAll"] == {"team": "registry"}
    checked = offline.check(QUEUE, "it", {"tags": {"team": "mine", "a": "b"}})
    assert checked["tagsAll"] == {"team": "mine", "a": "b"}
    assert checked["tags"] == {"team": "mine", "a": "b"}
    assert offline.check(QUEUE, "it", {"tags": {"a": UNKNOWN}})["tagsAll"] == UNKNOWN


def test_unknown_values_pass_every_check(offline: Driver) -> None:
    inputs = {"visibilityTimeoutSeconds": UNKNOWN, "name": "a", "redrivePolicy": UNKNOWN, "tags": UNKNOWN}
    assert offline.check(QUEUE, "it", inputs)["visibilityTimeoutSeconds"] == UNKNOWN
    attributes = [{"name": UNKNOWN, "type": "S"}]
    assert offline.check(TABLE, "it", {"hashKey": UNKNOWN, "attributes": attributes})["hashKey"] == UNKNOWN
    assert offline.check(FUNCTION, "it", {**RUNS, "role": UNKNOWN, "environment": {"variables": UNKNOWN}})
    assert offline.check(FUNCTION, "it", {**RUNS, "runtime": UNKNOWN, "architectures": UNKNOWN})
    assert offline.check("aws:s3/bucket:Bucket", "it", {"bucket": UNKNOWN})["bucket"] == UNKNOWN


@pytest.mark.parametrize("token", [t for t, f in all_facts().items() if "policy" in f.inputs])
def test_a_policy_is_kept_as_it_is_written(offline: Driver, token: str) -> None:
    text = json.dumps(json.loads(policy("a:b")), indent=3)
    needed = dict.fromkeys(all_facts()[token].required, "x")
    assert offline.check(token, "it", {**needed, "policy": text})["policy"] == text
