"""What holds for each stage in each region."""

import re
from typing import Any

import pytest

from tests.infra.conftest import stacks
from tests.infra.recording import ROOT, Asked, Deployed

pytestmark = pytest.mark.infra

DATA = {"aws:dynamodb/table:Table", "aws:s3/bucket:Bucket", "aws:kms/key:Key"}
# The whole list of what the local cloud's provider knows; a new type needs it there first.
KNOWN_TYPES = {
    "aws:apigateway/account:Account", "aws:apigateway/authorizer:Authorizer",
    "aws:apigateway/deployment:Deployment", "aws:apigateway/integration:Integration",
    "aws:apigateway/method:Method", "aws:apigateway/methodSettings:MethodSettings",
    "aws:apigateway/resource:Resource", "aws:apigateway/response:Response",
    "aws:apigateway/restApi:RestApi", "aws:apigateway/stage:Stage",
    "aws:cloudwatch/dashboard:Dashboard", "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:dynamodb/table:Table",
    "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:kms/alias:Alias", "aws:kms/key:Key",
    "aws:lambda/alias:Alias", "aws:lambda/eventSourceMapping:EventSourceMapping",
    "aws:lambda/function:Function", "aws:lambda/permission:Permission",
    "aws:s3/bucket:Bucket", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketNotification:BucketNotification",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls", "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning", "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription",
    "aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
}  # fmt: skip


def test_there_are_four_stages_and_prod_has_four_regions() -> None:
    regions = [stage for stage, _ in stacks()]
    assert set(regions) == {"alpha", "beta", "gamma", "prod"}
    assert regions.count("prod") >= 4


def test_the_outputs_are_the_promised_ones(stack: Deployed) -> None:
    assert set(stack.outputs) == {
        "sdk_api_url", "sdk_api_id", "entity_table", "key_table", "assets_bucket", "account_id", "region",
        "stage", "page_topic_arn", "ticket_topic_arn", "changes_topic_arn", "queue_urls",
        "dead_letter_queue_urls",
    }  # fmt: skip
    assert None not in stack.outputs.values()


def test_no_two_resources_share_a_urn(stack: Deployed) -> None:
    urns = [one.urn for one in stack.asked]
    assert sorted(urns) == sorted(set(urns))


def test_every_resource_hangs_under_a_component(stack: Deployed) -> None:
    homeless = [
        one.urn for one in stack.resources if "$sar:" not in one.parent and "::sar:" not in one.parent
    ]
    assert homeless == []


def test_one_explicit_provider_makes_everything(stack: Deployed) -> None:
    providers = [one for one in stack.asked if one.type == "pulumi:providers:aws"]
    assert len(providers) == 1
    (used,) = {one.provider for one in stack.resources}
    assert used == f"{providers[0].urn}::owner-id"


def test_the_provider_is_bound_to_region_account_and_tags(stack: Deployed) -> None:
    (provider,) = (one.inputs for one in stack.asked if one.type == "pulumi:providers:aws")
    assert provider["region"] == stack.outputs["region"]
    assert _plain(provider["allowedAccountIds"]) == [stack.outputs["account_id"]]
    assert _plain(provider["defaultTags"])["tags"] == {
        "project": "registry",
        "stage": stack.outputs["stage"],
        "managed-by": "pulumi",
    }


def test_only_types_that_the_local_cloud_knows_are_used(stack: Deployed) -> None:
    assert {one.type for one in stack.resources} <= KNOWN_TYPES


def test_logical_names_carry_no_stage_and_physical_names_do(stack: Deployed) -> None:
    stage = stack.outputs["stage"]
    assert [one.urn for one in stack.resources if stage in re.split(r"[-/]", one.name)] == []
    for key in ("name", "bucket"):
        named = [one.inputs[key] for one in stack.resources if one.type in DATA and key in one.inputs]
        assert all(name.startswith(f"sar-{stage}-") for name in named)


def test_tables_are_encrypted_recoverable_and_expire(stack: Deployed) -> None:
    tables = stack.of("dynamodb/table:Table")
    assert set(tables) == {"entities", "keys"}
    for table in tables.values():
        assert table.inputs["serverSideEncryption"] == {"enabled": True}
        assert table.inputs["pointInTimeRecovery"] == {"enabled": True}
        assert table.inputs["ttl"] == {"attributeName": "expiresAt", "enabled": True}
        assert table.inputs["billingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("bucket", ["assets", "changes-failures"])
def test_buckets_are_private_versioned_encrypted_and_tls_only(stack: Deployed, bucket: str) -> None:
    assert set(stack.of("s3/bucket:Bucket")) == {"assets", "changes-failures"}
    block = stack.of("s3/bucketPublicAccessBlock:BucketPublicAccessBlock")[bucket].inputs
    assert [value for key, value in block.items() if key != "bucket"] == [True] * 4
    assert stack.of("s3/bucketVersioning:BucketVersioning")[bucket].inputs["versioningConfiguration"] == {
        "status": "Enabled"
    }
    sse = stack.of("s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
    assert sse[bucket].inputs["rules"][0]["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    owner = stack.of("s3/bucketOwnershipControls:BucketOwnershipControls")[bucket].inputs
    assert owner["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    (statement,) = stack.of("s3/bucketPolicy:BucketPolicy")[bucket].document("policy")["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    arn = f"arn:aws:s3/bucket:Bucket:{bucket}"
    assert statement["Resource"] == [arn, f"{arn}/*"]


def test_old_objects_and_unfinished_uploads_do_not_pile_up(stack: Deployed) -> None:
    lives = stack.of("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    assert set(lives) == set(stack.of("s3/bucket:Bucket"))
    for life in lives.values():
        old, unfinished = life.inputs["rules"]
        assert old["noncurrentVersionExpiration"]["noncurrentDays"] >= 1
        assert unfinished["abortIncompleteMultipartUpload"]["daysAfterInitiation"] == 1


def test_every_log_group_forgets(stack: Deployed) -> None:
    groups = stack.of("cloudwatch/logGroup:LogGroup")
    assert set(groups) == {*stack.of("lambda/function:Function"), "sdk"}
    assert all(group.inputs["retentionInDays"] > 0 for group in groups.values())


def test_topics_are_encrypted_by_a_key_that_cloudwatch_may_use(stack: Deployed) -> None:
    assert set(stack.of("sns/topic:Topic")) == {"page", "ticket", "changes"}
    for topic in stack.of("sns/topic:Topic").values():
        assert topic.inputs["kmsMasterKeyId"] == "key-id"
    statements = stack.of("kms/key:Key")["alarms"].document("policy")["Statement"]
    assert [s["Action"] for s in statements if s["Principal"] == {"Service": "cloudwatch.amazonaws.com"}] == [
        ["kms:Decrypt", "kms:GenerateDataKey*"]
    ]


def test_data_is_protected_where_the_stage_says_so(stack: Deployed) -> None:
    kept = stack.outputs["stage"] in {"gamma", "prod"}
    for one in stack.resources:
        if one.type in DATA and one.name not in {"alarms", "changes"}:  # keys of messages on their way
            assert (one.protect, one.retain) == (kept, kept), one.urn
    for table in stack.of("dynamodb/table:Table").values():
        assert table.inputs["deletionProtectionEnabled"] is kept
    assert stack.of("s3/bucket:Bucket")["assets"].inputs["forceDestroy"] is not kept


def _plain(value: Any) -> Any:
    """Provider inputs travel as JSON text."""
    import json

    return json.loads(value) if isinstance(value, str) else value


def _alarms(stack: Deployed) -> list[Asked]:
    return list(stack.of("cloudwatch/metricAlarm:MetricAlarm").values())


def test_every_function_and_the_api_and_every_table_has_alarms(stack: Deployed) -> None:
    watched = {tuple(sorted(one.inputs["dimensions"].items())) for one in _alarms(stack)}
    stage = stack.outputs["stage"]
    assert watched >= {
        (("FunctionName", f"sar-{stage}-authorize"),),
        (("FunctionName", f"sar-{stage}-sdk-api"),),
        (("ApiName", f"sar-{stage}-sdk"), ("Stage", stage)),
        (("TableName", f"sar-{stage}-entities"),),
        (("TableName", f"sar-{stage}-keys"),),
    }


def test_every_alarm_tells_people_of_trouble_and_of_its_end(stack: Deployed) -> None:
    for alarm in _alarms(stack):
        (topic,) = alarm.inputs["alarmActions"]
        assert alarm.inputs["okActions"] == [topic]
        assert topic in (stack.outputs["page_topic_arn"], stack.outputs["ticket_topic_arn"])
        assert alarm.inputs["treatMissingData"] in {"breaching", "notBreaching"}
        assert ("statistic" in alarm.inputs) != ("extendedStatistic" in alarm.inputs)


def test_every_alarm_leads_to_a_heading_of_a_runbook(stack: Deployed) -> None:
    for alarm in _alarms(stack):
        page, heading = alarm.inputs["alarmDescription"].split("Runbook: ")[1].split("#")
        assert f"\n## {heading}\n" in (ROOT / page).read_text(), alarm.name
        assert alarm.inputs["name"].endswith(f"-{heading}")
