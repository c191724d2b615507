"""Who may do what: no `*` where a resource can be named."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.recording import Deployed

pytestmark = pytest.mark.infra

# (policy's owner, statement): why no resource can be named.
UNNAMEABLE = {
    (
        "sdk-api",
        "ReadWhatPublishersShare",
    ): "publishers' buckets have any name; their policies decide as well",
    **{
        (function, "SendTraces"): "X-Ray has no resources"
        for function in (
            "sdk-api", "authorize", "exchange-tokens", "changes-announcer", "assets-worker", "cleanup-worker",
            "checks-worker",
        )
    },
}  # fmt: skip
# The secrets of the key table: bound to their access key id, and to nothing else.
BOUND_TO_ITS_ID = {
    "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["accessKeyId"]},
    "Null": {"kms:EncryptionContextKeys": "false"},
}
# In a key's own policy `*` is that key.
KEY_POLICIES = "aws:kms/key:Key"


def _statements(stack: Deployed) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(type, name, statement) of every policy document of the stack."""
    for one in stack.resources:
        for key in ("policy", "assumeRolePolicy"):
            if key in one.inputs:
                for statement in json.loads(one.inputs[key])["Statement"]:
                    yield one.type, one.name, statement


def _is_named(resource: str) -> bool:
    """`arn:…:bucket/prefix/*` is named; `*` and `arn:aws:s3:::*/*` are not."""
    _, _, last = resource.rpartition(":")
    return last != "*/*" and resource != "*"


def test_every_right_names_its_resource_or_says_why_not(stack: Deployed) -> None:
    wide = {
        (name, statement["Sid"])
        for type_, name, statement in _statements(stack)
        if type_ != KEY_POLICIES and not all(map(_is_named, statement.get("Resource", [])))
    }
    assert wide == set(UNNAMEABLE)


def test_no_right_names_all_actions_of_a_service_except_to_deny_or_in_a_key_policy(stack: Deployed) -> None:
    for type_, name, statement in _statements(stack):
        if statement["Effect"] == "Allow" and type_ != KEY_POLICIES:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert [action for action in actions if "*" in action] == [], name


def test_no_policy_lets_just_anybody_in(stack: Deployed) -> None:
    for _, name, statement in _statements(stack):
        if statement["Effect"] == "Allow":
            assert statement.get("Principal") not in ("*", {"AWS": "*"}), name


def test_services_act_for_this_account_alone(stack: Deployed) -> None:
    for type_, name, statement in _statements(stack):
        service = statement.get("Principal", {})
        if service == {"Service": "cloudwatch.amazonaws.com"}:
            condition = {"StringEquals": {"aws:SourceAccount": stack.outputs["account_id"]}}
            assert statement["Condition"] == condition, (type_, name)


def _rights(stack: Deployed, function: str) -> dict[str, dict[str, Any]]:
    document = stack.of("iam/rolePolicy:RolePolicy")[function].document("policy")
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_authorize_reads_keys_and_nothing_else(alpha: Deployed) -> None:
    rights = _rights(alpha, "authorize")
    assert set(rights) == {"FindKeys", "DecryptSecrets", "WriteLogs", "SendTraces"}
    assert rights["FindKeys"]["Action"] == ["dynamodb:GetItem"]
    assert rights["FindKeys"]["Resource"] == ["arn:aws:dynamodb/table:Table:keys"]
    assert rights["DecryptSecrets"]["Action"] == ["kms:Decrypt"]
    assert rights["DecryptSecrets"]["Resource"] == ["arn:aws:kms/key:Key:keys"]
    assert rights["DecryptSecrets"]["Condition"] == BOUND_TO_ITS_ID


def test_exchange_tokens_writes_keys_and_can_read_none(alpha: Deployed) -> None:
    rights = _rights(alpha, "exchange-tokens")
    assert set(rights) == {"WriteKeys", "FindOrganizations", "EncryptSecrets", "WriteLogs", "SendTraces"}
    assert rights["WriteKeys"]["Action"] == ["dynamodb:PutItem"]
    assert rights["WriteKeys"]["Resource"] == ["arn:aws:dynamodb/table:Table:keys"]
    assert rights["FindOrganizations"]["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["ACCOUNT#*"]}
    }
    assert rights["EncryptSecrets"]["Action"] == ["kms:Encrypt"]
    assert rights["EncryptSecrets"]["Condition"] == BOUND_TO_ITS_ID


def test_consumers_are_reached_through_one_name_of_role_and_links_through_one_role(alpha: Deployed) -> None:
    rights = _rights(alpha, "sdk-api")
    assert rights["DeployForConsumers"]["Action"] == ["sts:AssumeRole", "sts:SetSourceIdentity"]
    assert rights["DeployForConsumers"]["Resource"] == ["arn:aws:iam::*:role/serverless-registry-deployment"]
    assert rights["SignLinks"]["Resource"] == ["arn:aws:iam/role:Role:links"]
    assert _rights(alpha, "links")["ReadTemplates"]["Resource"] == [
        "arn:aws:s3/bucket:Bucket:assets/deploy/*/templates/*"
    ]
    (trust,) = alpha.of("iam/role:Role")["links"].document("assumeRolePolicy")["Statement"]
    assert trust["Condition"] == {
        "ArnEquals": {
            "aws:PrincipalArn": "arn:aws:iam::100000000001:role/"
            + alpha.of("iam/role:Role")["sdk-api"].inputs["name"]
        }
    }


def test_sdk_api_cannot_reach_the_keys(alpha: Deployed) -> None:
    resources = [r for right in _rights(alpha, "sdk-api").values() for r in right["Resource"]]
    assert "arn:aws:dynamodb/table:Table:keys" not in resources
    assert "arn:aws:kms/key:Key:keys" not in resources


def test_sdk_api_reads_other_accounts_buckets_and_none_of_its_own(alpha: Deployed) -> None:
    right = _rights(alpha, "sdk-api")["ReadWhatPublishersShare"]
    assert right["Resource"] == ["arn:aws:s3:::*/*"]
    assert right["Condition"] == {"StringNotEquals": {"s3:ResourceAccount": "100000000001"}}


def test_sdk_api_may_do_what_its_stores_do(alpha: Deployed) -> None:
    rights = _rights(alpha, "sdk-api")
    assert rights["ReadAndWriteEntities"]["Resource"] == ["arn:aws:dynamodb/table:Table:entities"]
    assert "dynamodb:Scan" not in rights["ReadAndWriteEntities"]["Action"]
    bucket = "arn:aws:s3/bucket:Bucket:assets"
    assert rights["KeepAssets"]["Resource"] == [
        f"{bucket}/blobs/*",
        f"{bucket}/documents/*",
        f"{bucket}/deploy/*",
    ]
    assert rights["KeepAssets"]["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert rights["DropBadCopies"]["Resource"] == [f"{bucket}/blobs/*"]
    assert rights["TellMissingAssets"]["Resource"] == [bucket]
    assert rights["SignPageTokens"] == {
        "Sid": "SignPageTokens",
        "Effect": "Allow",
        "Action": ["kms:GenerateMac"],
        "Resource": ["arn:aws:kms/key:Key:tokens"],
    }
    assert rights["AskAuthorize"]["Resource"] == ["arn:aws:lambda/alias:Alias:authorize"]


def test_only_this_api_may_run_the_live_functions(alpha: Deployed) -> None:
    permissions = alpha.of("lambda/permission:Permission")
    assert {name: one.inputs["sourceArn"] for name, one in permissions.items()} == {
        "sdk-authorizer": "arn:execute-api:sdk/authorizers/sdk-id",
        "sdk-handler": "arn:execute-api:sdk/alpha/*",
        "sdk-auth-token": "arn:execute-api:sdk/alpha/POST/auth/token",
    }
    assert {one.inputs["qualifier"] for one in permissions.values()} == {"live"}
