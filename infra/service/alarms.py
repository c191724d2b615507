"""Alarms ─▶ topic of their severity ─▶ people."""

from dataclasses import replace

import pulumi

from infra.patterns.iam import Statement
from infra.patterns.key import Key, KeyArgs
from infra.patterns.topic import AlarmTopic, AlarmTopicArgs
from infra.service.site import Routes, Site


class Alarms(pulumi.ComponentResource):
    routes: Routes

    def __init__(self, site: Site, opts: pulumi.ResourceOptions) -> None:
        super().__init__("sar:service:Alarms", "alarms", None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = Key(
            "alarms",
            KeyArgs(
                noun="alarms",
                description="Messages of the alarm topics at rest",
                kind="encryption",
                statements=[_cloudwatch_may_use(site)],
                names=site.names,
                home=site.home,
                # It keeps nothing that is not also in CloudWatch.
                protection=replace(site.protection, protect=False, retain=False),
            ),
            child,
        )
        arns = {
            severity: AlarmTopic(
                severity,
                AlarmTopicArgs(noun=severity, key_id=key.id, emails=emails, names=site.names, home=site.home),
                child,
            ).arn
            for severity, emails in (
                ("page", site.settings.page_emails),
                ("ticket", site.settings.ticket_emails),
            )
        }
        self.routes = Routes(page_topic_arn=arns["page"], ticket_topic_arn=arns["ticket"])
        self.register_outputs(arns)


def _cloudwatch_may_use(site: Site) -> Statement:
    """Without it alarms are raised and nobody is told: SNS drops what it cannot encrypt."""
    return Statement(
        sid="CloudWatchAlarms",
        principals={"Service": "cloudwatch.amazonaws.com"},
        actions=["kms:Decrypt", "kms:GenerateDataKey*"],
        resources=["*"],  # in a key policy: this key
        conditions={"StringEquals": {"aws:SourceAccount": site.home.account}},
    )
