"""Conditions on what a ciphertext is bound to, as the registry's roles have them."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.service.rights import BOUND_TO_ITS_ID
from tests.support.emulator import LocalServices

pytestmark = pytest.mark.e2e

OWNER = "111111111111"


@pytest.mark.parametrize(
    ("context", "allowed"),
    [
        ({"accessKeyId": "AKIDEXAMPLE"}, True),
        ({}, False),
        ({"other": "x"}, False),
        ({"accessKeyId": "AKIDEXAMPLE", "other": "x"}, False),
    ],
)
def test_only_what_is_bound_to_an_access_key_id_alone_may_be_encrypted(
    services: LocalServices, context: dict[str, str], allowed: bool
) -> None:
    key = services.client("kms", OWNER).create_key()["KeyMetadata"]["Arn"]
    kms = _session(services, key).client("kms", endpoint_url=services.places.emulator_url)
    asked = {"EncryptionContext": context} if context else {}
    if allowed:
        assert kms.encrypt(KeyId=key, Plaintext=b"secret", **asked)["CiphertextBlob"]
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            kms.encrypt(KeyId=key, Plaintext=b"secret", **asked)


def _session(services: LocalServices, key: str) -> boto3.Session:
    """Of a user that may encrypt with `key` what is bound to an access key id."""
    iam = services.client("iam", OWNER)
    name = f"encrypts-{key.rpartition('/')[2]}"
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": key, "Condition": BOUND_TO_ITS_ID}
    iam.put_user_policy(
        UserName=name,
        PolicyName="encrypt",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.Session(made["AccessKeyId"], made["SecretAccessKey"], region_name="us-east-1")
