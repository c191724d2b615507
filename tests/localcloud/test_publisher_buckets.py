"""A bucket made as AWS SAR's docs say is readable for the registry of this machine, and for nobody else."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud.accounts import READY_MADE
from tests.support.emulator import LocalServices

pytestmark = pytest.mark.e2e
REGISTRY, PUBLISHER, STRANGER = "100000000001", READY_MADE["PUBLISHER"], READY_MADE["STRANGER"]


def trusting(bucket: str, service: str, source_account: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": source_account}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def bucket_with_code(services: LocalServices, name: str, owner: str = PUBLISHER) -> Any:
    s3 = services.client("s3", owner)
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="code.zip", Body=b"code")
    return s3


def may_read(services: LocalServices, account: str, bucket: str) -> bool:
    try:
        services.client("s3", account).get_object(Bucket=bucket, Key="code.zip")
    except ClientError as refusal:
        return refusal.response["Error"]["Code"] != "AccessDenied"
    return True


def test_a_policy_for_the_sar_service_lets_the_registry_read_and_no_other_account(
    services: LocalServices,
) -> None:
    s3 = bucket_with_code(services, "documented")
    s3.put_bucket_policy(
        Bucket="documented", Policy=trusting("documented", "serverlessrepo.amazonaws.com", PUBLISHER)
    )
    assert may_read(services, REGISTRY, "documented")
    assert not may_read(services, STRANGER, "documented")


@pytest.mark.parametrize(
    ("service", "source_account"),
    [("lambda.amazonaws.com", PUBLISHER), ("serverlessrepo.amazonaws.com", STRANGER)],
)
def test_a_policy_for_another_service_or_source_account_keeps_the_registry_out(
    services: LocalServices, service: str, source_account: str
) -> None:
    bucket = f"closed-{service.split('.', maxsplit=1)[0]}"
    s3 = bucket_with_code(services, bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=trusting(bucket, service, source_account))
    assert not may_read(services, REGISTRY, bucket)


def test_without_a_policy_only_a_ready_made_accounts_bucket_is_open_to_the_registry(
    services: LocalServices,
) -> None:
    bucket_with_code(services, "bare")
    bucket_with_code(services, "elsewhere", owner="444444444444")
    assert may_read(services, REGISTRY, "bare")
    assert not may_read(services, STRANGER, "bare")
    assert not may_read(services, REGISTRY, "elsewhere")
