"""Which URLs are S3 objects."""

import pytest

from registry.domain.s3_urls import S3Object, parse_s3_url
from registry.errors import Invalid

pytestmark = pytest.mark.unit

HOSTS = [
    "https://bucket.s3.amazonaws.com/",
    "https://bucket.s3.eu-west-1.amazonaws.com/",
    "https://bucket.s3-eu-west-1.amazonaws.com/",
    "https://bucket.s3.dualstack.eu-west-1.amazonaws.com/",
    "https://bucket.s3-fips.us-gov-west-1.amazonaws.com/",
    "https://bucket.s3.cn-north-1.amazonaws.com.cn/",
    "https://s3.amazonaws.com/bucket/",
    "https://s3.eu-west-1.amazonaws.com/bucket/",
    "https://s3-eu-west-1.amazonaws.com/bucket/",
    "s3://bucket/",
    "S3://bucket/",
    "HTTPS://bucket.s3.amazonaws.com/",
]


@pytest.mark.parametrize("start", HOSTS)
def test_every_way_to_write_an_object_gives_the_same_object(start: str) -> None:
    assert parse_s3_url(f"{start}a/b.zip", "x") == S3Object(bucket="bucket", key="a/b.zip")
    versioned = parse_s3_url(f"{start}a/b.zip?versionId=v.1", "x")
    assert versioned == S3Object(bucket="bucket", key="a/b.zip", version_id="v.1")


def test_keys_are_decoded_in_https_urls_and_taken_as_they_are_after_s3() -> None:
    assert parse_s3_url("https://my.bucket.s3.amazonaws.com/a%20b%2Bc", "x").key == "a b+c"
    assert parse_s3_url("https://my.bucket.s3.amazonaws.com/a", "x").bucket == "my.bucket"
    assert parse_s3_url("s3://bucket/a%20b", "x").key == "a%20b"


def test_a_key_may_hold_any_character_that_is_no_control_character() -> None:
    for character in (" ", "~", "\xa0", "é", "\u2028"):
        assert parse_s3_url(f"s3://bucket/a{character}", "x").key == f"a{character}"


@pytest.mark.parametrize(
    ("said", "key", "version_id"),
    [
        ("a#b.zip", "a#b.zip", None),
        ("a?b.zip", "a?b.zip", None),
        ("a?versionId=1#b", "a?versionId=1#b", None),
        ("a?b=c&versionId=1", "a?b=c&versionId=1", None),
        ("a#b?c?versionId=v.1", "a#b?c", "v.1"),
        ("a?versionId=1?versionId=2", "a?versionId=1", "2"),
        ("/a;b", "/a;b", None),
    ],
)
def test_after_s3_only_a_version_at_the_end_is_not_part_of_the_key(
    said: str, key: str, version_id: str | None
) -> None:
    assert parse_s3_url(f"s3://bucket/{said}", "x") == S3Object(
        bucket="bucket", key=key, version_id=version_id
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "bucket/key",
        "s3://",
        "s3://bucket",
        "s3://bucket/",
        "s3:///key",
        "s3://Bucket/key",
        "s3://bu_cket/key",
        "s3://b/key",
        "s3://user@bucket/key",
        "http://bucket.s3.amazonaws.com/key",
        "https://bucket.s3.amazonaws.com",
        "https://s3.amazonaws.com/bucket",
        "https://example.com/bucket/key",
        "https://bucket.s3.amazonaws.com.example.com/key",
        "https://bucket.s3.amazonaws.com@example.com/key",
        "https://bucket.s3.amazonaws.com:444/key",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://[::1/key",
        "s3://bucket/" + "k" * 1025,
        "s3://bucket/a\tb",
        "s3://bucket/a\nb",
        "s3://buck\net/a",
        "s3://bucket/a\x7f",
        "s3://bucket/a\x80",
        "s3://bucket/a\x85b",
        "s3://bucket/a\x9f",
        "s3://bucket/a?versionId=",
        "https://bucket.s3.amazonaws.com/a?versionId=",
        "s3://bucket/a?versionId=\r1",
        "\x01s3://bucket/a",
        "https://bucket.s3.amazonaws.com/a\nb",
        "https://bucket.s3.amazonaws.com/a%ff",
        "s3://arn:aws:s3:us-east-1:111111111111:accesspoint/key",
    ],
)
def test_everything_else_is_refused_by_the_members_name(url: str) -> None:
    with pytest.raises(Invalid, match=r"^Invalid S3 URI: readmeUrl must be"):
        parse_s3_url(url, "readmeUrl")
