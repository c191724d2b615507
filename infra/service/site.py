"""What every station of a stack is given."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.monitoring.alarms import Watch
from infra.naming import Home, Names
from infra.patterns.protection import Protection
from infra.settings import Mistake, Settings


@dataclass(frozen=True, kw_only=True)
class Site:
    settings: Settings
    names: Names
    home: Home
    protection: Protection


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Where alarms go, by severity."""

    page_topic_arn: pulumi.Input[str]
    ticket_topic_arn: pulumi.Input[str]

    def watch(self, names: Names, *, runbook: str) -> Watch:
        return Watch(
            names=names,
            page_topic_arn=self.page_topic_arn,
            ticket_topic_arn=self.ticket_topic_arn,
            runbook=runbook,
        )


def provider_of(settings: Settings) -> aws.Provider:
    """The one provider of the stack. It refuses every account but the owner; Pulumi.yaml refuses every other
    provider.
    """
    return aws.Provider(
        "owner",
        region=settings.region,
        allowed_account_ids=[settings.owner_account],
        default_tags={"tags": {"project": "registry", "stage": settings.stage, "managed-by": "pulumi"}},
    )


def site_of(settings: Settings, provider: aws.Provider) -> Site:
    """Asks AWS who we are. Raises Mistake, before any resource, unless it is the owner account."""
    stack = f"stack {settings.stage}-{settings.region} belongs to account {settings.owner_account}"
    asked = pulumi.InvokeOptions(provider=provider)
    try:
        account = aws.get_caller_identity(opts=asked).account_id
        partition = aws.get_partition(opts=asked).partition
    except Exception as refusal:  # the SDK has no narrower type for a provider's refusal
        reason = " ".join(str(refusal).split())
        raise Mistake(f"{stack}, and AWS does not accept the credentials in use for it: {reason}") from None
    if account != settings.owner_account:
        raise Mistake(f"{stack}, but the credentials in use are of account {account}")
    return Site(
        settings=settings,
        names=Names(stage=settings.stage),
        home=Home(partition=partition, account=account, region=settings.region),
        protection=Protection(
            protect=settings.protect_data,
            retain=settings.retain_data,
            key_deletion_days=settings.key_deletion_days,
        ),
    )
