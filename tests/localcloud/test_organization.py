"""The ready-made accounts' organisation as AWS Organizations and IAM of the emulator know it."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.support.emulator import LocalServices

pytestmark = pytest.mark.e2e

PUBLISHER, CONSUMER, STRANGER = "111111111111", "222222222222", "333333333333"


def test_its_management_account_lists_its_members(services: LocalServices) -> None:
    client = services.client("organizations", PUBLISHER)
    told = client.describe_organization()["Organization"]
    assert (told["Id"], told["MasterAccountId"]) == ("o-localcloud", PUBLISHER)
    assert {account["Id"] for account in client.list_accounts()["Accounts"]} == {PUBLISHER, CONSUMER}
    arns = [account["Arn"] for account in client.list_accounts()["Accounts"]]
    assert f"arn:aws:organizations::{PUBLISHER}:account/o-localcloud/{CONSUMER}" in arns


def test_a_member_sees_its_organisation_and_may_not_list_it(services: LocalServices) -> None:
    client = services.client("organizations", CONSUMER)
    assert client.describe_organization()["Organization"]["MasterAccountId"] == PUBLISHER
    with pytest.raises(ClientError, match="AccessDenied"):
        client.list_accounts()


def test_others_have_another_organisation(services: LocalServices) -> None:
    told = services.client("organizations", STRANGER).describe_organization()["Organization"]
    assert told["Id"] != "o-localcloud"
    assert told["MasterAccountId"] == STRANGER


def test_a_bucket_can_be_opened_to_the_organisation_for_each_accounts_own_prefix(
    services: LocalServices,
) -> None:
    s3 = services.client("s3", "444444444444")
    s3.create_bucket(Bucket="for-an-organisation")
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::for-an-organisation/deploy/${aws:PrincipalAccount}/*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-localcloud"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket="for-an-organisation", Policy=policy)
    for account in (CONSUMER, STRANGER):
        s3.put_object(Bucket="for-an-organisation", Key=f"deploy/{account}/a", Body=b"mine")

    def read(who: str, whose: str) -> bytes:
        answer = services.client("s3", who).get_object(Bucket="for-an-organisation", Key=f"deploy/{whose}/a")
        return bytes(answer["Body"].read())

    assert read(CONSUMER, CONSUMER) == b"mine"
    for who, whose in ((CONSUMER, STRANGER), (STRANGER, STRANGER), (PUBLISHER, CONSUMER)):
        with pytest.raises(ClientError, match="AccessDenied"):
            read(who, whose)
