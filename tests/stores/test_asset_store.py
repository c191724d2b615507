"""The assets bucket, in moto with the checks on owners that S3 makes."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from moto import mock_aws

from registry.domain.s3_urls import S3Object
from registry.errors import Invalid, Unavailable
from registry.stores import assets as module
from registry.stores.assets import BLOBS, DOCUMENTS, AssetStore
from tests.support.entities import BUCKET, CONSUMER, OWNER, PUBLISHER, REGION
from tests.support.publisher_buckets import OwnersHook

pytestmark = pytest.mark.unit

PACKAGES = "packages-111111111111"
CODE = b"PK\x03\x04" + b"code" * 1000
DIGEST = hashlib.sha256(CODE).hexdigest()


class Bench:
    """An AssetStore whose calls are counted, and a client beside it for the test's own use."""

    def __init__(self) -> None:
        self.s3 = boto3.client("s3", region_name=REGION)
        for bucket in (BUCKET, PACKAGES):
            self.s3.create_bucket(Bucket=bucket)
        self.owners = OwnersHook({BUCKET: OWNER, PACKAGES: PUBLISHER}, self.etag_of)
        self.calls: list[str] = []
        self.age = timedelta(0)
        session = botocore.session.Session()
        self.owners.register(session)
        session.get_component("event_emitter").register("before-call.s3", self._count)
        client: Any = session.create_client(
            "s3",
            region_name=REGION,
            config=Config(retries={"total_max_attempts": 1}, signature_version="s3v4"),
        )
        self.store = AssetStore(
            lambda: client, bucket=BUCKET, owner=OWNER, now=lambda: datetime.now(UTC) + self.age
        )

    def etag_of(self, bucket: str, key: str) -> str:
        return str(self.s3.head_object(Bucket=bucket, Key=key)["ETag"])

    def _count(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)

    def upload(self, key: str = "code.zip", content: bytes = CODE, **settings: Any) -> S3Object:
        answer = self.s3.put_object(Bucket=PACKAGES, Key=key, Body=content, **settings)
        return S3Object(bucket=PACKAGES, key=key, version_id=answer.get("VersionId"))

    def copy(self, where: S3Object, account: str = PUBLISHER) -> str:
        return self.store.copy_asset(where, account=account, still_time=lambda: None).digest

    def blob(self, digest: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=BUCKET, Key=BLOBS + digest)["Body"].read())


@pytest.fixture
def bench() -> Iterator[Bench]:
    with mock_aws():
        yield Bench()


def test_an_asset_is_copied_inside_s3_under_the_digest_of_its_content(bench: Bench) -> None:
    where = bench.upload(Metadata={"secret": "of the publisher"}, Tagging="team=x")
    assert bench.copy(where) == DIGEST
    assert bench.blob(DIGEST) == CODE
    assert bench.calls == ["GetObject", "HeadObject", "CopyObject"]
    assert bench.s3.head_object(Bucket=BUCKET, Key=BLOBS + DIGEST)["Metadata"] == {}
    assert bench.s3.get_object_tagging(Bucket=BUCKET, Key=BLOBS + DIGEST)["TagSet"] == []


def test_what_the_registry_has_is_not_copied_again(bench: Bench) -> None:
    bench.copy(bench.upload())
    bench.calls.clear()
    assert bench.copy(bench.upload("other/name.zip")) == DIGEST
    assert bench.calls == ["GetObject", "HeadObject"]


def test_an_old_blob_is_made_young_from_itself_so_that_no_collection_takes_it(bench: Bench) -> None:
    where = bench.upload()
    bench.copy(where)
    bench.age = module.YOUNG + timedelta(minutes=1)
    bench.calls.clear()
    sources: list[str] = []
    bench.owners.before_copy = lambda: sources.append("a publisher's bucket")
    bench.copy(where)
    assert bench.calls == ["GetObject", "HeadObject", "CopyObject"]
    assert sources == []
    assert bench.blob(DIGEST) == CODE


def test_a_checksum_that_s3_has_is_believed_and_the_content_not_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its first chunk of 1 MB is, to look for a ZIP's mark."""
    large = b"PK\x03\x04" + bytes(3 * 1024 * 1024)
    where = bench.upload(content=large, ChecksumAlgorithm="SHA256")
    monkeypatch.setattr(module, "hashlib", None)
    assert bench.copy(where) == hashlib.sha256(large).hexdigest()


def test_a_composite_checksum_is_not_taken_for_the_contents(bench: Bench) -> None:
    s3 = bench.s3
    upload = s3.create_multipart_upload(Bucket=PACKAGES, Key="code.zip", ChecksumAlgorithm="SHA256")
    part = {"Bucket": PACKAGES, "Key": "code.zip", "UploadId": upload["UploadId"], "PartNumber": 1}
    done = s3.upload_part(**part, Body=CODE, ChecksumAlgorithm="SHA256")
    s3.complete_multipart_upload(
        Bucket=PACKAGES,
        Key="code.zip",
        UploadId=upload["UploadId"],
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": done["ETag"]}]},
    )
    assert bench.copy(S3Object(bucket=PACKAGES, key="code.zip")) == DIGEST
    for composite in ("AAAA-2", "AAAA"):
        assert module._known_sha256({"ChecksumSHA256": composite, "ChecksumType": "COMPOSITE"}) is None


@pytest.mark.parametrize(
    ("bucket", "key", "account"),
    [
        (PACKAGES, "nowhere.zip", PUBLISHER),
        ("no-such-bucket-anywhere", "code.zip", PUBLISHER),
        (PACKAGES, "code.zip", CONSUMER),
        (BUCKET, BLOBS + DIGEST, OWNER),
        ("arn:aws:s3:us-east-1:1:accesspoint/x", "code.zip", PUBLISHER),
        (PACKAGES, "", PUBLISHER),
    ],
    ids=["no object", "no bucket", "another account's", "the registry's own", "an access point", "no key"],
)
def test_an_object_that_may_not_be_read_is_refused_in_the_words_clients_parse(
    bench: Bench, bucket: str, key: str, account: str
) -> None:
    bench.copy(bench.upload())
    with pytest.raises(Invalid) as refused:
        bench.copy(S3Object(bucket=bucket, key=key), account)
    assert refused.value.message == f"Failed to copy S3 object. Access denied: bucket={bucket}, key={key}"


def test_an_object_that_changes_while_it_is_copied_is_retryable_and_not_kept(bench: Bench) -> None:
    where = bench.upload()
    bench.owners.before_copy = lambda: bench.upload(content=b"PK\x03\x04 changed")
    with pytest.raises(Unavailable, match="changed while it was copied"):
        bench.copy(where)
    assert bench.calls[-1] == "CopyObject"  # S3 refused it: nothing had to be taken away again
    assert bench.s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_copy_whose_checksum_is_another_is_taken_away_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two contents with one ETag: MD5 collisions can be made."""
    where = bench.upload()
    original = AssetStore._copy

    def swapped(*args: Any, **more: Any) -> tuple[str, str | None]:
        _, version = original(*args, **more)
        return "f" * 64, version

    monkeypatch.setattr(AssetStore, "_copy", swapped)
    with pytest.raises(Unavailable):
        bench.copy(where)
    assert bench.s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_taking_a_bad_copy_away_leaves_the_good_one_that_came_on_top(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    where = bench.upload()
    original = AssetStore._copy

    def swapped(*args: Any, **more: Any) -> tuple[str, str | None]:
        _, version = original(*args, **more)
        bench.s3.put_object(Bucket=BUCKET, Key=BLOBS + DIGEST, Body=CODE)  # another publisher's
        return "f" * 64, version

    monkeypatch.setattr(AssetStore, "_copy", swapped)
    with pytest.raises(Unavailable):
        bench.copy(where)
    assert bench.blob(DIGEST) == CODE
    versions = bench.s3.list_object_versions(Bucket=BUCKET)
    assert (len(versions["Versions"]), "DeleteMarkers" in versions) == (1, False)


def test_a_blob_that_is_cleaned_up_while_it_is_made_young_is_copied_in_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = bench.upload()
    bench.copy(where)
    bench.age = module.YOUNG + timedelta(minutes=1)
    original = AssetStore._age

    def look_then_clean_up(store: AssetStore, key: str) -> timedelta | None:
        age = original(store, key)
        bench.s3.delete_object(Bucket=BUCKET, Key=key)
        return age

    monkeypatch.setattr(AssetStore, "_age", look_then_clean_up)
    assert bench.copy(where) == DIGEST
    assert bench.blob(DIGEST) == CODE


def test_the_version_that_was_named_is_copied_and_not_the_newest(bench: Bench) -> None:
    bench.s3.put_bucket_versioning(Bucket=PACKAGES, VersioningConfiguration={"Status": "Enabled"})
    first = bench.upload()
    bench.upload(content=b"PK\x03\x04 newer")
    bench.owners.etag_of = lambda bucket, key: str(
        bench.s3.head_object(Bucket=bucket, Key=key, VersionId=first.version_id)["ETag"]
    )
    assert first.version_id
    assert bench.copy(first) == DIGEST
    assert bench.blob(DIGEST) == CODE


def test_an_asset_over_the_limit_is_refused_with_size_and_limit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ASSET_BYTES", 1024)
    with pytest.raises(Invalid, match=f"code.zip has {len(CODE)} bytes, 1024"):
        bench.copy(bench.upload())
    assert bench.calls == ["GetObject"]


def test_a_source_archive_is_a_zip_of_at_most_50_mb(bench: Bench) -> None:
    where = bench.upload()
    kept = bench.store.copy_archive(where, account=PUBLISHER, still_time=lambda: None)
    assert (kept.digest, kept.size) == (DIGEST, len(CODE))
    with pytest.raises(Invalid, match="must name a ZIP file"):
        bench.store.copy_archive(
            bench.upload("a.tar", b"not a zip"), account=PUBLISHER, still_time=lambda: None
        )
    assert module.MAX_ARCHIVE_BYTES == 50 * 1024 * 1024


@pytest.mark.parametrize(("more", "refused"), [(-1, False), (0, False), (1, True)])
def test_a_source_archive_has_its_own_limit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, more: int, refused: bool
) -> None:
    monkeypatch.setattr(module, "MAX_ARCHIVE_BYTES", 4096)
    where = bench.upload(content=b"PK\x05\x06".ljust(4096 + more, b"\0"))
    if refused:
        with pytest.raises(Invalid, match=r"code\.zip has 4097 bytes, 4096"):
            bench.store.copy_archive(where, account=PUBLISHER, still_time=lambda: None)
    else:
        assert bench.store.copy_archive(where, account=PUBLISHER, still_time=lambda: None)


def test_a_hostile_archive_is_kept_byte_for_byte_for_nobody_unpacks_it(bench: Bench) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("../../upwards", "x")
        archive.writestr("bomb", bytes(20_000_000))
    content = written.getvalue()
    assert len(content) < 100_000
    kept = bench.store.copy_archive(bench.upload(content=content), account=PUBLISHER, still_time=lambda: None)
    assert bench.blob(kept.digest) == content


def test_time_that_is_up_stops_the_copy(bench: Bench) -> None:
    def up() -> None:
        raise Unavailable("time is up")

    with pytest.raises(Unavailable):
        bench.store.copy_asset(bench.upload(), account=PUBLISHER, still_time=up)
    assert bench.calls == []


def test_a_document_is_one_put(bench: Bench) -> None:
    digest = bench.store.put_document("# Hé".encode(), "text/markdown; charset=utf-8")
    assert bench.calls == ["PutObject"]
    stored = bench.s3.get_object(Bucket=BUCKET, Key=DOCUMENTS + digest)
    assert (stored["Body"].read(), stored["ContentType"]) == ("# Hé".encode(), "text/markdown; charset=utf-8")


def test_a_publishers_document_is_read_up_to_its_limit(bench: Bench) -> None:
    where = bench.upload("README.md", b"# Hello")
    read = {"account": PUBLISHER, "field": "readmeUrl"}
    assert bench.store.read(where, **read, max_bytes=7) == b"# Hello"
    with pytest.raises(Invalid, match="readmeUrl has 7 bytes, 6"):
        bench.store.read(where, **read, max_bytes=6)
    with pytest.raises(Invalid, match=r"bucket=packages-111111111111, key=README\.md$"):
        bench.store.read(where, account=CONSUMER, field="readmeUrl", max_bytes=7)
