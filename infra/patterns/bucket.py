"""An S3 bucket: private, versioned, encrypted by S3, reachable by TLS alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.patterns.iam import Statement, policy
from infra.patterns.protection import Protection


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """`bucket_name`: unique in the world. `old_object_days`: how long a lost object can be had back.
    `readers`: builds statements for the bucket's policy from its ARN.
    """

    bucket_name: str
    old_object_days: int
    protection: Protection
    readers: Callable[[pulumi.Output[str]], Sequence[Statement]] = lambda _arn: ()


class Bucket(pulumi.ComponentResource):
    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("sar:patterns:Bucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            name,
            bucket=args.bucket_name,
            force_destroy=not (args.protection.protect or args.protection.retain),
            opts=args.protection.options(self),
        )
        block = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=_lifecycle(args.old_object_days),
            # S3 refuses rules for old versions while the bucket has none.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        aws.s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=policy(_tls_only(bucket.arn), *args.readers(bucket.arn)),
            # S3 answers 409 to two writers of one bucket's access settings.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[block]),
        )
        self.name, self.arn = bucket.bucket, bucket.arn
        self.register_outputs({"name": bucket.bucket, "arn": bucket.arn})


def _lifecycle(old_object_days: int) -> list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
    return [
        {
            "id": "old-versions",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": old_object_days},
            "expiration": {"expired_object_delete_marker": True},
        },
        {
            "id": "unfinished-uploads",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
        },
    ]


def _tls_only(arn: pulumi.Output[str]) -> Statement:
    return Statement(
        sid="TlsOnly",
        effect="Deny",
        principals="*",
        actions=["s3:*"],
        resources=[arn, pulumi.Output.concat(arn, "/*")],
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )
