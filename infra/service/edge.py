"""client ─SigV4─▶ SDK API ─▶ authorize ─verdict─▶ sdk_api ─▶ entity table, assets bucket"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.functions import Manifest
from infra.patterns.api_logging import ApiLogging
from infra.patterns.function import Build, Function, FunctionArgs
from infra.patterns.iam import Statement
from infra.patterns.key import Key, KeyArgs
from infra.patterns.rest_api import RestApi, RestApiArgs
from infra.service.assets import Assets
from infra.service.entities import Entities
from infra.service.keys import Keys
from infra.service.site import Routes, Site


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    site: Site
    routes: Routes
    manifest: Manifest
    build: Build
    entities: Entities
    keys: Keys
    assets: Assets


class Edge(pulumi.ComponentResource):
    api: RestApi

    def __init__(self, args: EdgeArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("sar:service:Edge", "edge", None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        settings = args.site.settings
        authorize = self._function(
            "authorize",
            settings.authorize_concurrency,
            {"KEY_TABLE": args.keys.table.name, "KEYS_KMS_KEY": args.keys.key.arn},
            authorize_rights(args.keys),
        )
        tokens = self._tokens_key()
        sdk_api = self._function(
            "sdk_api",
            settings.sdk_api_concurrency,
            {
                "ENTITY_TABLE": args.entities.table.name,
                "ASSETS_BUCKET": args.assets.bucket.name,
                "TOKENS_KMS_KEY": tokens.arn,
                "AUTHORIZE_FUNCTION": authorize.live_arn,
                "PARTITION": args.site.home.partition,
                "ACCOUNT_ID": args.site.home.account,
            },
            sdk_api_rights(args, tokens, authorize),
        )
        self.api = RestApi(
            "sdk",
            RestApiArgs(
                noun="sdk",
                description="The serverlessrepo API, version 2017-09-08",
                stage_name=settings.stage,
                handler=sdk_api,
                authorizer=authorize,
                requests_per_second=settings.api_requests_per_second,
                burst=settings.api_burst,
                log_retention_days=settings.log_retention_days,
                logging=ApiLogging("api-logs", names=args.site.names, home=args.site.home, opts=self._child),
                watch=args.routes.watch(args.site.names, runbook="edge"),
            ),
            self._child,
        )
        self.register_outputs({"sdk_api_url": self.api.url})

    def _function(
        self,
        key: str,
        concurrency: int,
        environment: Mapping[str, pulumi.Input[str]],
        statements: Sequence[Statement],
    ) -> Function:
        """`key`: the function's name in functions.toml."""
        settings = self._args.site.settings
        noun = key.replace("_", "-")
        return Function(
            noun,
            FunctionArgs(
                noun=noun,
                spec=self._args.manifest.functions[key],
                build=self._args.build,
                environment={"STAGE": settings.stage, "LOG_LEVEL": settings.log_level, **environment},
                statements=statements,
                concurrency=concurrency,
                home=self._args.site.home,
                watch=self._args.routes.watch(self._args.site.names, runbook="edge"),
            ),
            self._child,
        )

    def _tokens_key(self) -> Key:
        return Key(
            "tokens",
            KeyArgs(
                noun="tokens",
                description="Signs page tokens, which live a day",
                kind="hmac",
                names=self._args.site.names,
                home=self._args.site.home,
                protection=self._args.site.protection,
            ),
            self._child,
        )


def authorize_rights(keys: Keys) -> list[Statement]:
    """Look a key up, decrypt its secret: nothing else, and nobody else."""
    return [
        Statement(sid="FindKeys", actions=["dynamodb:GetItem"], resources=[keys.table.arn]),
        Statement(
            sid="DecryptSecrets",
            actions=["kms:Decrypt"],
            resources=[keys.key.arn],
            # Secrets are bound to their access key id; what is bound to anything else stays shut.
            conditions={"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["accessKeyId"]}},
        ),
    ]


def sdk_api_rights(args: EdgeArgs, tokens: Key, authorize: Function) -> list[Statement]:
    table, bucket = args.entities.table, args.assets.bucket
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
            resources=[pulumi.Output.concat(bucket.arn, prefix) for prefix in ("/blobs/*", "/documents/*")],
        ),
        Statement(
            sid="DropBadCopies",  # what arrived was not what its digest says; the old version can be had back
            actions=["s3:DeleteObject"],
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
            resources=[f"arn:{args.site.home.partition}:s3:::*/*"],
            conditions={"StringNotEquals": {"s3:ResourceAccount": args.site.home.account}},
        ),
        Statement(sid="SignPageTokens", actions=["kms:GenerateMac"], resources=[tokens.arn]),
        Statement(sid="AskAuthorize", actions=["lambda:InvokeFunction"], resources=[authorize.live_arn]),
    ]
