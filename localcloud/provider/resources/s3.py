"""S3: buckets, and each of a bucket's settings as a resource of its own."""

from typing import Any

from localcloud.provider.description import EVERYTHING, Call, Complaint, Description, Hook, Member, Step
from localcloud.provider.job import Job
from localcloud.provider.values import Properties, Same, same_policy

_BUCKET = {"Bucket": "{id}"}
_BATCH = 1000
"""Objects that one call deletes at most."""


def _create(job: Job) -> Any:
    """us-east-1 is the place of a bucket that names none."""
    place = (
        {"CreateBucketConfiguration": {"LocationConstraint": job.region}} if job.region != "us-east-1" else {}
    )
    return job.client.create_bucket(Bucket=job.properties["bucket"], **place)


def _read(job: Job) -> Any:
    headers = job.client.head_bucket(Bucket=job.id)["ResponseMetadata"]["HTTPHeaders"]
    return {"bucketRegion": headers.get("x-amz-bucket-region", job.region)}


def _read_tags(job: Job) -> Any:
    held = job.client.get_bucket_tagging(Bucket=job.id)["TagSet"]
    return {"tagsAll": {tag["Key"]: tag["Value"] for tag in held}}


def _tag(job: Job) -> None:
    tags = job.properties.get("tagsAll") or {}
    if tags:
        held = [{"Key": key, "Value": value} for key, value in tags.items()]
        job.client.put_bucket_tagging(Bucket=job.id, Tagging={"TagSet": held})
    else:
        job.client.delete_bucket_tagging(Bucket=job.id)


def _delete(job: Job) -> None:
    if job.properties.get("forceDestroy"):
        _empty(job.client, job.id)
    job.client.delete_bucket(Bucket=job.id)


def _empty(client: Any, bucket: str) -> None:
    """Delete every version of every object."""
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket)
    found = [
        {"Key": item["Key"], "VersionId": item["VersionId"]}
        for page in pages
        for item in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    ]
    for start in range(0, len(found), _BATCH):
        client.delete_objects(Bucket=bucket, Delete={"Objects": found[start : start + _BATCH], "Quiet": True})


def _silence(job: Job) -> None:
    job.client.put_bucket_notification_configuration(Bucket=job.id, NotificationConfiguration={})


def _name(inputs: Properties) -> list[Complaint]:
    name = str(inputs.get("bucket", ""))
    if not 3 <= len(name) <= 63:
        return [("bucket", f"has {len(name)} characters, and 3 to 63 are allowed")]
    if name != name.lower() or "_" in name:
        return [("bucket", "may hold lower-case letters, digits, dots and hyphens only")]
    return []


def _setting(
    token: str,
    operation: str,
    *,
    members: dict[str, str],
    delete: str | Hook,
    holder: str = "",
    same: dict[str, Same] | None = None,
    unordered: frozenset[str] = frozenset(),
) -> Description:
    """A setting that is put and got as a whole: `members` of the request, in the answer without `holder`."""
    put = Call(operation=f"put_{operation}", sends=EVERYTHING)
    placed = {name: Member(sent=holder + member, read=member) for name, member in members.items()}
    return Description(
        token=token,
        service="s3",
        id="{bucket}",
        create=put,
        read=(Call(operation=f"get_{operation}", params=_BUCKET),),
        steps=(Step(properties=EVERYTHING, action=put),),
        delete=Call(operation=delete, params=_BUCKET) if isinstance(delete, str) else delete,
        members={**placed, "bucket": "Bucket"},
        same=same or {},
        unordered=unordered,
    )


def _versioning() -> Description:
    """Versioning is never taken away, only suspended; `Disabled` is what a new bucket is, and cannot be
    asked for.
    """
    put = Call(operation="put_bucket_versioning", sends=EVERYTHING)

    def put_unless_disabled(job: Job) -> Any:
        if job.properties["versioningConfiguration"].get("status") == "Disabled":
            if job.old:
                raise ValueError("versioning cannot be disabled once it was on: say Suspended")
            return {}
        return job.run(put)

    def read(job: Job) -> Any:
        answer = job.client.get_bucket_versioning(Bucket=job.id)
        return {"VersioningConfiguration": {"Status": answer.get("Status", "Disabled")}}

    def suspend(job: Job) -> None:
        if job.client.get_bucket_versioning(Bucket=job.id).get("Status") == "Enabled":
            job.client.put_bucket_versioning(Bucket=job.id, VersioningConfiguration={"Status": "Suspended"})

    return Description(
        token="aws:s3/bucketVersioning:BucketVersioning",  # noqa: S106
        service="s3",
        id="{bucket}",
        create=put_unless_disabled,
        read=(read,),
        steps=(Step(properties=EVERYTHING, action=put_unless_disabled),),
        delete=suspend,
    )


DESCRIPTIONS = (
    Description(
        token="aws:s3/bucket:Bucket",  # noqa: S106
        service="s3",
        id="{bucket}",
        create=_create,
        read=(_read, _read_tags),
        steps=(Step(properties=("tagsAll",), action=_tag, on_create=True),),
        delete=_delete,
        outputs={
            "arn": "arn:{partition}:s3:::{bucket}",
            "bucketRegion": "bucketRegion",
            "bucketDomainName": "{bucket}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
            "tagsAll": "tagsAll",
        },
        local=frozenset({"forceDestroy"}),
        checks=(_name,),
        autoname=lambda name, _inputs: name.lower(),
    ),
    _setting(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "public_access_block",
        members={
            name: f"PublicAccessBlockConfiguration.{name}"
            for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        },
        delete="delete_public_access_block",
    ),
    _setting(
        "aws:s3/bucketPolicy:BucketPolicy",
        "bucket_policy",
        members={"policy": "Policy"},
        delete="delete_bucket_policy",
        same={"policy": same_policy},
    ),
    _setting(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "bucket_encryption",
        members={"rules": "ServerSideEncryptionConfiguration.Rules"},
        delete="delete_bucket_encryption",
        unordered=frozenset({"rules"}),
    ),
    _setting(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "bucket_lifecycle_configuration",
        members={"rules": "Rules"},
        holder="LifecycleConfiguration.",
        delete="delete_bucket_lifecycle",
    ),
    _setting(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "bucket_ownership_controls",
        members={"rule": "OwnershipControls.Rules"},
        delete="delete_bucket_ownership_controls",
    ),
    _setting(
        "aws:s3/bucketNotification:BucketNotification",
        "bucket_notification_configuration",
        members={"queues": "QueueConfigurations"},
        holder="NotificationConfiguration.",
        delete=_silence,
        unordered=frozenset({"queues", "queues[].events"}),
    ),
    _versioning(),
)
