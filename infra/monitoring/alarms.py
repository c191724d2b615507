"""A symptom becomes an alarm that reaches the right people and leads to a runbook."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.monitoring.symptoms import Symptom
from infra.naming import Names


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What every alarm needs: names, a topic for each severity, the runbook (a file's stem)."""

    names: Names
    page_topic_arn: pulumi.Input[str]
    ticket_topic_arn: pulumi.Input[str]
    runbook: str


def raise_alarm(
    noun: str,
    symptom: Symptom,
    watch: Watch,
    *,
    namespace: str,
    dimensions: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> aws.cloudwatch.MetricAlarm:
    """The alarm `<noun>-<slug>`; its topic hears of the trouble and of its end."""
    topic = watch.page_topic_arn if symptom.severity == "page" else watch.ticket_topic_arn
    percentile = symptom.statistic.startswith("p")
    return aws.cloudwatch.MetricAlarm(
        f"{noun}-{symptom.slug}",
        name=watch.names.of(noun, symptom.slug),
        alarm_description=f"{symptom.impact} Runbook: docs/runbooks/{watch.runbook}.md#{symptom.slug}",
        namespace=namespace,
        metric_name=symptom.metric,
        dimensions=dimensions,
        statistic=None if percentile else symptom.statistic,
        extended_statistic=symptom.statistic if percentile else None,
        period=60,
        evaluation_periods=symptom.minutes,
        threshold=symptom.at_least,
        comparison_operator="GreaterThanOrEqualToThreshold",
        treat_missing_data=symptom.silence,
        alarm_actions=[topic],
        ok_actions=[topic],
        opts=opts,
    )
