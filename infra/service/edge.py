"""client ─SigV4─▶ SDK API ─▶ authorize ─verdict─▶ sdk_api ─▶ entity table, assets bucket"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.patterns.api_logging import ApiLogging
from infra.patterns.custom_domain import CustomDomain, CustomDomainArgs
from infra.patterns.function import Function
from infra.patterns.iam import Statement
from infra.patterns.key import Key, KeyArgs
from infra.patterns.open_route import OpenRoute
from infra.patterns.rest_api import RestApi, RestApiArgs
from infra.service.assets import Assets
from infra.service.entities import Entities
from infra.service.functions import Functions
from infra.service.keys import Keys
from infra.service.links import Links
from infra.service.rights import DEPLOYMENT_ROLE, authorize_rights, exchange_rights, sdk_api_rights


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    functions: Functions
    entities: Entities
    keys: Keys
    assets: Assets


class Edge(pulumi.ComponentResource):
    """`url`: what clients are led to."""

    api: RestApi
    url: pulumi.Output[str]

    def __init__(self, args: EdgeArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("sar:service:Edge", "edge", None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        site = args.functions.site
        settings = site.settings
        authorize = self._function(
            "authorize",
            {"KEY_TABLE": args.keys.table.name, "KEYS_KMS_KEY": args.keys.key.arn},
            authorize_rights(args.keys),
            concurrency=settings.authorize_concurrency,
        )
        self.api = RestApi(
            "sdk",
            RestApiArgs(
                noun="sdk",
                description="The serverlessrepo API, version 2017-09-08",
                stage_name=settings.stage,
                handler=self._sdk_api(authorize),
                authorizer=authorize,
                requests_per_second=settings.api_requests_per_second,
                burst=settings.api_burst,
                open_routes=[
                    OpenRoute(
                        method="POST",
                        path="/auth/token",
                        handler=self._exchange_tokens(),
                        # The only one that strangers reach; a machine asks once an hour, and each asks STS.
                        requests_per_second=5,
                        burst=10,
                    )
                ],
                log_retention_days=settings.log_retention_days,
                logging=ApiLogging("api-logs", names=site.names, home=site.home, opts=self._child),
                watch=args.functions.routes.watch(site.names, runbook="edge"),
            ),
            self._child,
        )
        self.url = self._named() or self.api.url
        self.register_outputs({"sdk_api_url": self.url})

    def _named(self) -> pulumi.Output[str] | None:
        """The API under the stage file's own name, if it has one."""
        settings = self._args.functions.site.settings
        named = settings.custom_domain
        if named is None:
            return None
        return CustomDomain(
            "sdk",
            CustomDomainArgs(
                domain=named.host(settings.region),
                zone_id=named.zone_id,
                certificate_arn=named.certificate_arn,
                api_id=self.api.api_id,
                stage_name=self.api.stage_name,
            ),
            self._child,
        ).url

    def _function(
        self,
        key: str,
        environment: Mapping[str, pulumi.Input[str]],
        statements: Sequence[Statement],
        *,
        concurrency: int = -1,
    ) -> Function:
        """`key`: the function's name in functions.toml."""
        made = self._args.functions.args(
            key, runbook="edge", environment=environment, statements=statements, concurrency=concurrency
        )
        return Function(made.noun, made, self._child)

    def _sdk_api(self, authorize: Function) -> Function:
        args, site = self._args, self._args.functions.site
        tokens = self._tokens_key()
        links = Links(site, args.assets, self._child)
        return self._function(
            "sdk_api",
            {
                "ENTITY_TABLE": args.entities.table.name,
                "ASSETS_BUCKET": args.assets.bucket.name,
                "TOKENS_KMS_KEY": tokens.arn,
                "AUTHORIZE_FUNCTION": authorize.live_arn,
                "PARTITION": site.home.partition,
                "ACCOUNT_ID": site.home.account,
                "LINKS_ROLE": links.role_arn,
                "DEPLOYMENT_ROLE": DEPLOYMENT_ROLE,
                "LIMITS": site.settings.limits.as_environment(),
            },
            sdk_api_rights(site, args.entities, args.assets, tokens=tokens, links=links, authorize=authorize),
            concurrency=site.settings.sdk_api_concurrency,
        )

    def _exchange_tokens(self) -> Function:
        args = self._args
        return self._function(
            "exchange_tokens",
            {
                "KEY_TABLE": args.keys.table.name,
                "KEYS_KMS_KEY": args.keys.key.arn,
                "ENTITY_TABLE": args.entities.table.name,
                "ROLE_PATTERNS": args.functions.site.settings.patterns_as_environment(),
            },
            exchange_rights(args.keys, args.entities),
        )

    def _tokens_key(self) -> Key:
        site = self._args.functions.site
        return Key(
            "tokens",
            KeyArgs(
                noun="tokens",
                description="Signs page tokens, which live a day",
                kind="hmac",
                names=site.names,
                home=site.home,
                protection=site.protection,
            ),
            self._child,
        )
