"""Links hold against those that boto3 makes for the same moment."""

from datetime import UTC, datetime
from unittest import mock

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials

from registry.stores.assets import BLOBS
from registry.stores.links import LINK_S, Links, bucket_url

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 6, 16, tzinfo=UTC)
KEY = BLOBS + "ab" * 32


@pytest.mark.parametrize("token", ["session/token+with=signs", None])
@pytest.mark.parametrize(
    ("partition", "region", "endpoint"),
    [
        ("aws", "eu-west-1", None),
        ("aws", "us-east-1", None),
        ("aws-cn", "cn-north-1", None),
        ("aws-us-gov", "us-gov-west-1", None),
        ("aws", "us-east-1", "http://127.0.0.1:4566"),
    ],
)
def test_a_link_is_the_one_boto3_makes(
    partition: str, region: str, endpoint: str | None, token: str | None
) -> None:
    bucket = f"sar-alpha-assets-999999999999-{region}"
    links = Links(
        base=bucket_url(bucket, partition=partition, region=region, endpoint=endpoint),
        region=region,
        credentials=lambda: ReadOnlyCredentials("AKIDEXAMPLE", "secret", token),
    )
    client = boto3.client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        aws_session_token=token,
        # Left to itself boto3 names the global host, which redirects for a young bucket of another region.
        config=Config(
            signature_version="s3v4",
            s3={
                "us_east_1_regional_endpoint": "regional",
                "addressing_style": "path" if endpoint else "virtual",
            },
        ),
    )
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW):
        expected = client.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": KEY}, ExpiresIn=LINK_S
        )
        assert links.to(KEY) == expected


def test_each_link_is_signed_with_the_credentials_of_its_moment() -> None:
    keys = iter(["FIRST", "SECOND"])
    links = Links(
        base="https://b.s3.eu-west-1.amazonaws.com",
        region="eu-west-1",
        credentials=lambda: ReadOnlyCredentials(next(keys), "secret", None),
    )
    assert "Credential=FIRST%2F" in links.to(KEY)
    assert "Credential=SECOND%2F" in links.to(KEY)
