"""What each function of the edge may do, and nothing else."""

from collections.abc import Mapping, Sequence

import pulumi

from infra.patterns.function import Function
from infra.patterns.iam import Statement
from infra.patterns.key import Key
from infra.service.assets import Assets
from infra.service.entities import Entities
from infra.service.keys import Keys
from infra.service.links import Links
from infra.service.site import Site

DEPLOYMENT_ROLE = "serverless-registry-deployment"
# Secrets are bound to their access key id; what is bound to anything else stays shut, and what is bound to
# nothing as well, which "for all values" alone would let through.
BOUND_TO_ITS_ID: Mapping[str, Mapping[str, str | Sequence[str]]] = {
    "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["accessKeyId"]},
    "Null": {"kms:EncryptionContextKeys": "false"},
}


def authorize_rights(keys: Keys) -> list[Statement]:
    """Look a key up, decrypt its secret: nothing else, and nobody else."""
    return [
        Statement(sid="FindKeys", actions=["dynamodb:GetItem"], resources=[keys.table.arn]),
        Statement(
            sid="DecryptSecrets",
            actions=["kms:Decrypt"],
            resources=[keys.key.arn],
            conditions=BOUND_TO_ITS_ID,
        ),
    ]


def exchange_rights(keys: Keys, entities: Entities) -> list[Statement]:
    """Write keys, and ask which organisation an account is in.

    It reads no key. IAM cannot tell sort keys apart, so it could read an account's other items.
    """
    return [
        Statement(sid="WriteKeys", actions=["dynamodb:PutItem"], resources=[keys.table.arn]),
        Statement(
            sid="FindOrganizations",
            actions=["dynamodb:GetItem"],
            resources=[entities.table.arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["ACCOUNT#*"]}},
        ),
        Statement(
            sid="EncryptSecrets",
            actions=["kms:Encrypt"],
            resources=[keys.key.arn],
            conditions=BOUND_TO_ITS_ID,
        ),
    ]


def sdk_api_rights(
    site: Site, entities: Entities, assets: Assets, *, tokens: Key, links: Links, authorize: Function
) -> list[Statement]:
    table, bucket = entities.table, assets.bucket
    return [
        Statement(
            sid="ReadAndWriteEntities",  # a transaction needs the rights of its parts
            actions=[
                "dynamodb:GetItem",
                "dynamodb:Query",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem",
                "dynamodb:ConditionCheckItem",
            ],
            resources=[table.arn],
        ),
        Statement(
            sid="KeepAssets",
            actions=["s3:GetObject", "s3:PutObject"],
            resources=[
                pulumi.Output.concat(bucket.arn, prefix)
                for prefix in ("/blobs/*", "/documents/*", "/deploy/*")
            ],
        ),
        Statement(
            sid="DropBadCopies",  # what arrived was not what its digest says; that version goes and no other
            actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
            resources=[pulumi.Output.concat(bucket.arn, "/blobs/*")],
        ),
        # Without it S3 says 403, not 404, of an object that does not exist.
        Statement(sid="TellMissingAssets", actions=["s3:ListBucket"], resources=[bucket.arn]),
        Statement(
            # Publishers' buckets have any name. Their own policies must allow the read as well, and each
            # request names the publisher's account as the bucket's expected owner. Inside the registry's own
            # account a role's right alone would open every bucket (state, logs), so those are left out.
            sid="ReadWhatPublishersShare",
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[f"arn:{site.home.partition}:s3:::*/*"],
            conditions={"StringNotEquals": {"s3:ResourceAccount": site.home.account}},
        ),
        Statement(sid="SignPageTokens", actions=["kms:GenerateMac"], resources=[tokens.arn]),
        Statement(sid="AskAuthorize", actions=["lambda:InvokeFunction"], resources=[authorize.live_arn]),
        Statement(sid="SignLinks", actions=["sts:AssumeRole"], resources=[links.role_arn]),
        Statement(
            # Consumers' accounts are not known here: each decides by its role's trust policy.
            sid="DeployForConsumers",
            actions=["sts:AssumeRole", "sts:SetSourceIdentity"],
            resources=[f"arn:{site.home.partition}:iam::*:role/{DEPLOYMENT_ROLE}"],
        ),
    ]
