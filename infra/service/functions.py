"""How every function of a stack is made: its spec from functions.toml, its watch, what all have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.functions import Manifest
from infra.patterns.function import Build, FunctionArgs
from infra.patterns.iam import Statement
from infra.service.site import Routes, Site


@dataclass(frozen=True, kw_only=True)
class Functions:
    site: Site
    routes: Routes
    manifest: Manifest
    build: Build

    def args(
        self,
        key: str,
        *,
        runbook: str,
        environment: Mapping[str, pulumi.Input[str]],
        statements: Sequence[Statement],
        concurrency: int = -1,
    ) -> FunctionArgs:
        """`key`: the function's name in functions.toml; hyphenated it is the noun of what belongs to it."""
        settings = self.site.settings
        return FunctionArgs(
            noun=key.replace("_", "-"),
            spec=self.manifest.functions[key],
            build=self.build,
            environment={"STAGE": settings.stage, "LOG_LEVEL": settings.log_level, **environment},
            statements=statements,
            concurrency=concurrency,
            home=self.site.home,
            watch=self.routes.watch(self.site.names, runbook=runbook),
        )
