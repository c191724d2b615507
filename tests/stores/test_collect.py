"""`registry collect`, on moto."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from registry.services.collecting import Collector
from registry.stores.applications import ApplicationStore
from registry.stores.assets import AssetStore
from registry.stores.holders import HolderStore
from registry.stores.objects import ObjectStore
from registry_cli.main import main
from tests.support.entities import BUCKET, OWNER, REGION, TABLE, application, version

pytestmark = pytest.mark.unit

TOMORROW = timedelta(hours=25)


@pytest.fixture
def s3(dynamodb: Any) -> Any:
    client = boto3.client("s3", region_name=REGION)
    client.create_bucket(Bucket=BUCKET)
    return client


def now() -> datetime:
    return datetime.now(UTC)


def collector(dynamodb: Any, s3: Any, *, after: timedelta = TOMORROW) -> Collector:
    """As it would run `after` the present."""
    return Collector(
        holders=HolderStore(dynamodb, table=TABLE),
        objects=ObjectStore(s3=s3, bucket=BUCKET, account=OWNER, now=lambda: now() + after),
    )


def keys(s3: Any) -> set[str]:
    return {one["Key"].rpartition("/")[2] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


class World:
    """One living application with a version, and what a deleted one left."""

    def __init__(self, dynamodb: Any, s3: Any) -> None:
        self.store = ApplicationStore(dynamodb, table=TABLE, partition="aws", region=REGION)
        self.assets = AssetStore(lambda: s3, bucket=BUCKET, owner=OWNER, now=now)
        self.kept, self.left = {}, {}
        for name, digests in (("living", self.kept), ("deleted", self.left)):
            for what in ("licence", "readme", "template"):
                digests[what] = self.assets.put_document(f"{what} of {name}".encode(), "text/plain")
            for what in ("code", "archive"):
                digests[what] = f"{what}-of-{name}"
                s3.put_object(Bucket=BUCKET, Key=f"blobs/sha256/{digests[what]}", Body=b"PK")
            self.store.add(
                application(name, license_digest=digests["licence"], readme_digest=digests["readme"]),
                version(
                    "1.0.0",
                    created_at=now().isoformat(timespec="milliseconds"),
                    template_digest=digests["template"],
                    asset_digests=(digests["code"],),
                    source_archive_digest=digests["archive"],
                ),
            )
        self.store.delete(application("deleted").arn)


def test_what_nothing_names_goes_and_what_lives_stays(dynamodb: Any, s3: Any) -> None:
    world = World(dynamodb, s3)
    run = collector(dynamodb, s3)
    found = run.find()
    assert {key.rpartition("/")[2] for key in found.objects} == set(world.left.values())
    run.remove(found)
    assert keys(s3) == set(world.kept.values())
    assert world.store.find_version("ID-deleted", "1.0.0") is None
    assert world.store.find_version("ID-living", "1.0.0") is not None
    again = run.find()
    assert (again.versions, again.objects) == ([], {})


def test_what_is_younger_than_the_grace_period_stays(dynamodb: Any, s3: Any) -> None:
    World(dynamodb, s3)
    found = collector(dynamodb, s3, after=timedelta(hours=23)).find()
    assert (found.versions, found.objects) == ([], {})


def test_a_document_that_a_deleted_application_shares_with_a_living_one_stays(dynamodb: Any, s3: Any) -> None:
    world = World(dynamodb, s3)
    sharing = version("2.0.0", template_digest=world.left["template"], asset_digests=(world.left["code"],))
    world.store.add_version(application("living"), sharing)
    run = collector(dynamodb, s3)
    run.remove(run.find())
    assert {world.left["template"], world.left["code"]} <= keys(s3)


def test_an_object_that_became_young_after_it_was_found_stays(dynamodb: Any, s3: Any) -> None:
    """A publication that starts between the look and the removal relies on it."""
    world = World(dynamodb, s3)
    run = collector(dynamodb, s3)
    found = run.find()
    later = collector(dynamodb, s3, after=timedelta(0))
    # Seen from now on, everything was written a moment ago.
    later.remove(found)
    assert set(world.left.values()) <= keys(s3)


def test_a_version_written_between_the_last_look_and_the_removal_stays(
    dynamodb: Any, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    key = "blobs/sha256/left"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"PK")
    look = s3.head_object

    looks = []

    def look_then_publish(**asked: Any) -> Any:
        seen = look(**asked)
        looks.append(seen)
        if (
            len(looks) > 1
        ):  # what was written in between is as old as the collector's own clock says: not at all
            return seen | {"LastModified": now() + TOMORROW}
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"PK")
        return seen

    run = collector(dynamodb, s3)
    found = run.find()
    with monkeypatch.context() as patch:
        patch.setattr(s3, "head_object", look_then_publish)
        run.remove(found)
    versions = s3.list_object_versions(Bucket=BUCKET)
    assert [one["IsLatest"] for one in versions["Versions"]] == [True]
    assert "DeleteMarkers" not in versions


def test_every_request_to_the_bucket_names_the_account_that_must_own_it(dynamodb: Any, s3: Any) -> None:
    World(dynamodb, s3)
    asked = []
    s3.meta.events.register(
        "provide-client-params.s3.*",
        lambda params, model, **_: asked.append((model.name, params.get("ExpectedBucketOwner"))),
    )
    run = collector(dynamodb, s3)
    run.remove(run.find())
    assert set(asked) == {(name, OWNER) for name in ("ListObjectsV2", "HeadObject", "DeleteObject")}


def test_the_command_says_what_would_go_and_removes_nothing_on_a_dry_run(
    dynamodb: Any, s3: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from registry_cli import collect
    from registry_cli.stage import Stage

    World(dynamodb, s3)
    named = {"entities": TABLE, "assets": BUCKET}
    monkeypatch.setattr(Stage, "named", lambda _, noun, *__: named[noun])
    monkeypatch.setattr(collect, "LEAST_GRACE", timedelta(0))
    words = ["collect", "--stage", "alpha", "--region", REGION, "--older-than", "0", "--json"]
    before = keys(s3)
    assert main([*words, "--dry-run"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {name: said[name] for name in ("removed", "versions", "documents", "blobs")} == {
        "removed": False, "versions": 1, "documents": 3, "blobs": 2,
    }  # fmt: skip
    assert keys(s3) == before
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["removed"] is True
    assert len(keys(s3)) == 5


@pytest.mark.parametrize("hours", ["23", "-1", "1d", ""])
def test_a_grace_period_under_a_day_is_refused(hours: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["collect", "--stage", "alpha", "--region", REGION, "--older-than", hours])
    assert stopped.value.code == 2
    assert "24 at least" in capsys.readouterr().err
