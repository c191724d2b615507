"""CloudWatch: alarms and dashboards; and, as the stock provider files them here, CloudWatch Logs."""

import json
from typing import Any

from localcloud.provider.description import EVERYTHING, OWN_TAGS, Call, Description, Member, Step, Tags
from localcloud.provider.job import Job, tag_map
from localcloud.provider.values import Properties, Value, same_document, same_policy


def _to_queries(queries: list[Properties]) -> list[dict[str, Any]]:
    """Metric queries as the API nests them: the statistic and the period belong to a metric's own block."""
    made = []
    for query in queries:
        plain = {
            "Id": "id",
            "Expression": "expression",
            "Label": "label",
            "Period": "period",
            "AccountId": "accountId",
        }
        entry: dict[str, Any] = {member: query[name] for member, name in plain.items() if query.get(name)}
        entry["ReturnData"] = query.get("returnData", False)
        metric = query.get("metric")
        if metric:
            dimensions = [{"Name": k, "Value": v} for k, v in (metric.get("dimensions") or {}).items()]
            inner = {
                "Namespace": metric.get("namespace"),
                "MetricName": metric["metricName"],
                "Dimensions": dimensions,
            }
            entry["MetricStat"] = {
                "Metric": {key: value for key, value in inner.items() if value is not None},
                "Period": metric["period"],
                "Stat": metric["stat"],
                **({"Unit": metric["unit"]} if metric.get("unit") else {}),
            }
        made.append(entry)
    return made


def _from_queries(metrics: list[dict[str, Any]]) -> Value:
    queries = []
    for entry in metrics:
        stat = entry.get("MetricStat")
        query = {
            "id": entry["Id"],
            "expression": entry.get("Expression"),
            "label": entry.get("Label"),
            "period": entry.get("Period"),
            "accountId": entry.get("AccountId"),
            "returnData": entry.get("ReturnData", True),
        }
        if stat:
            metric = stat["Metric"]
            query["metric"] = {
                "namespace": metric.get("Namespace"),
                "metricName": metric.get("MetricName"),
                "dimensions": {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])},
                "period": stat["Period"],
                "stat": stat["Stat"],
                "unit": stat.get("Unit"),
            }
        queries.append(query)
    return queries


def _retention(job: Job) -> None:
    """0 days is the stock provider's word for "for ever"."""
    days = job.properties.get("retentionInDays")
    if days:
        job.client.put_retention_policy(logGroupName=job.id, retentionInDays=days)
    else:
        job.client.delete_retention_policy(logGroupName=job.id)


def _log_key(job: Job) -> None:
    key = job.properties.get("kmsKeyId")
    if key:
        job.client.associate_kms_key(logGroupName=job.id, kmsKeyId=key)
    else:
        job.client.disassociate_kms_key(logGroupName=job.id)


def _delete_log_group(job: Job) -> None:
    if not job.properties.get("skipDestroy"):
        job.client.delete_log_group(logGroupName=job.id)


_QUERIES_TAG = f"{OWN_TAGS}metric-queries"


def _keep_queries(job: Job) -> None:
    """The emulator forgets an alarm's metric queries. A tag keeps them with the alarm, in the API's form."""
    queries, arn = job.properties.get("metricQueries"), job.scope["arn"]
    if queries:
        text = json.dumps(_to_queries(queries))
        job.client.tag_resource(ResourceARN=arn, Tags=[{"Key": _QUERIES_TAG, "Value": text}])
    else:
        job.client.untag_resource(ResourceARN=arn, TagKeys=[_QUERIES_TAG])


def _read_alarm(job: Job) -> Any:
    alarm = next(iter(job.client.describe_alarms(AlarmNames=[job.id])["MetricAlarms"]), None)
    if alarm is None:
        return None
    tags = tag_map(job.client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"])
    # The emulator makes up a statistic, and a period, for an alarm that has neither.
    if _QUERIES_TAG in tags:
        invented: tuple[str, ...] = ("Statistic", "Period")
        alarm["Metrics"] = json.loads(tags[_QUERIES_TAG])
    else:
        invented = ("Statistic",) if alarm.get("ExtendedStatistic") else ()
    return {key: value for key, value in alarm.items() if key not in invented}


_PUT_ALARM = Call(operation="put_metric_alarm", sends=EVERYTHING)
_PUT_DASHBOARD = Call(operation="put_dashboard", sends=EVERYTHING)
_PUT_LOG_POLICY = Call(operation="put_resource_policy", sends=("policyName", "policyDocument"))

DESCRIPTIONS = (
    Description(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",  # noqa: S106
        service="cloudwatch",
        id="{name}",
        create=_PUT_ALARM,
        read=(_read_alarm,),
        steps=(
            Step(properties=EVERYTHING, action=_PUT_ALARM),
            Step(properties=("metricQueries",), action=_keep_queries, on_create=True),
        ),
        delete=Call(operation="delete_alarms", params={"AlarmNames": ["{id}"]}),
        members={
            "name": "AlarmName",
            "okActions": "OKActions",
            "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
            "metricQueries": Member(sent="Metrics", to_api=_to_queries, from_api=_from_queries),
        },
        outputs={"arn": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"},
        tags=Tags(
            read="list_tags_for_resource",
            write="tag_resource",
            drop="untag_resource",
            by={"ResourceARN": "{arn}"},
        ),
        unordered=frozenset({"alarmActions", "okActions", "insufficientDataActions", "metricQueries"}),
    ),
    Description(
        token="aws:cloudwatch/dashboard:Dashboard",  # noqa: S106
        service="cloudwatch",
        id="{dashboardName}",
        create=_PUT_DASHBOARD,
        read=(Call(operation="get_dashboard", params={"DashboardName": "{id}"}),),
        steps=(Step(properties=("dashboardBody",), action=_PUT_DASHBOARD),),
        delete=Call(operation="delete_dashboards", params={"DashboardNames": ["{id}"]}),
        outputs={"dashboardArn": "DashboardArn"},
        same={"dashboardBody": same_document},
    ),
    Description(
        token="aws:cloudwatch/logGroup:LogGroup",  # noqa: S106
        service="logs",
        id="{name}",
        create=Call(operation="create_log_group", sends=("name", "kmsKeyId", "logGroupClass")),
        read=(
            Call(
                operation="describe_log_groups",
                params={"logGroupNamePrefix": "{id}"},
                every=True,
                pick="logGroups[?logGroupName=='{id}'] | [0]",
            ),
        ),
        steps=(
            Step(properties=("retentionInDays",), action=_retention, on_create=True),
            Step(properties=("kmsKeyId",), action=_log_key),
        ),
        delete=_delete_log_group,
        members={"name": "logGroupName"},
        outputs={"arn": "arn:{partition}:logs:{region}:{account}:log-group:{name}"},
        tags=Tags(
            read="list_tags_for_resource",
            write="tag_resource",
            drop="untag_resource",
            by={"resourceArn": "{arn}"},
        ),
        local=frozenset({"skipDestroy"}),
    ),
    Description(
        token="aws:cloudwatch/logResourcePolicy:LogResourcePolicy",  # noqa: S106
        service="logs",
        id="{policyName}",
        create=_PUT_LOG_POLICY,
        read=(
            Call(
                operation="describe_resource_policies",
                every=True,
                pick="resourcePolicies[?policyName=='{id}'] | [0]",
            ),
        ),
        steps=(Step(properties=("policyDocument",), action=_PUT_LOG_POLICY),),
        delete=Call(operation="delete_resource_policy", params={"policyName": "{id}"}),
        same={"policyDocument": same_policy},
    ),
)
