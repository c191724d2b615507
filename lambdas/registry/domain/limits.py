"""What an account may use at most. `registry:limits` in the stage file changes it (docs/limits.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from registry.domain.rates import Rate
from registry.errors import Invalid, TooManyRequests

BURST = 2
"""Requests at one instant, as a multiple of the requests a second."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Per account and region. `requests_per_second`: by operation, `default` for all others.

    `allowed_resource_types`: an entry may end in `*`; none allows every type. `nesting_depth`: levels of
    nested applications under one that is deployed.
    """

    public_applications_per_account: int = 100
    stored_bytes_per_account: int = 5 * 1024**3
    nesting_depth: int = 5
    allowed_resource_types: tuple[str, ...] = ()
    requests_per_second: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({"default": 10}))

    @classmethod
    def parse(cls, text: str) -> Limits:
        """From the environment's JSON object, which the program has checked; "" gives the defaults."""
        given = json.loads(text) if text else {}
        names = {
            "publicApplicationsPerAccount": "public_applications_per_account",
            "storedBytesPerAccount": "stored_bytes_per_account",
            "nestingDepth": "nesting_depth",
        }
        chosen: dict[str, int] = {name: given[key] for key, name in names.items() if key in given}
        return cls(
            **chosen,
            allowed_resource_types=tuple(given.get("allowedResourceTypes", ())),
            requests_per_second={"default": 10, **given.get("requestsPerSecond", {})},
        )

    def rate(self, operation: str) -> Rate:
        """How often an account may ask for `operation`."""
        per_second = self.requests_per_second.get(operation, self.requests_per_second["default"])
        return Rate(per_second=per_second, burst=BURST * per_second)


def too_many_public(account: str, *, have: int, allowed: int) -> Invalid:
    return Invalid(
        f"Account {account} has {have} public applications, {allowed} are allowed: make another one "
        "private or delete it first, or ask the registry's operator for a higher limit"
    )


def too_many_bytes(account: str, *, have: int, more: int, allowed: int) -> Invalid:
    return Invalid(
        f"Account {account} has {have:,} bytes of templates and code stored, this version adds {more:,}, and "
        f"{allowed:,} are allowed: delete applications that nobody needs (their bytes are given back within "
        "minutes), or ask the registry's operator for a higher limit"
    )


def too_many_requests(account: str, operation: str, rate: Rate) -> TooManyRequests:
    return TooManyRequests(
        f"Rate exceeded: account {account} may call {operation} {rate.per_second} times a second, "
        f"{rate.burst} times at once. Try again more slowly, or ask the registry's operator for a higher rate"
    )
