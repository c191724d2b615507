"""Lambda: who may invoke a function, and what does."""

import json
from typing import Any

from localcloud.provider.description import EVERYTHING, Call, Description, Member, Step, Tags
from localcloud.provider.job import Job
from localcloud.provider.values import Properties, Value, same_document


# --- permissions
def _read_permission(job: Job) -> Any:
    scope = job.scope
    qualifier = {"Qualifier": scope["qualifier"]} if scope.get("qualifier") else {}
    policy = json.loads(job.client.get_policy(FunctionName=scope["function"], **qualifier)["Policy"])
    statement = next((s for s in policy["Statement"] if s.get("Sid") == job.id), None)
    if statement is None:
        return None
    principal = statement["Principal"]
    conditions = {
        key.lower(): value
        for block in (statement.get("Condition") or {}).values()
        for key, value in block.items()
    }
    return {
        "Action": statement["Action"],
        "Principal": principal if isinstance(principal, str) else next(iter(principal.values())),
        "SourceArn": conditions.get("aws:sourcearn"),
        "SourceAccount": conditions.get("aws:sourceaccount"),
        "StatementId": job.id,
    }


def _remove_permission(job: Job) -> None:
    qualifier = job.properties.get("qualifier")
    job.client.remove_permission(
        FunctionName=job.properties["function"],
        StatementId=job.id,
        **({"Qualifier": qualifier} if qualifier else {}),
    )


def _same_principal(old: Value, new: Value) -> bool:
    """An account by its number, or by its root's ARN."""
    accounts = [
        text.split(":")[4] if str(text).startswith("arn:") and str(text).endswith(":root") else text
        for text in (old, new)
    ]
    return bool(accounts[0] == accounts[1])


# --- names
def same_function(old: Value, new: Value) -> bool:
    """A function by its name, `name:qualifier`, or ARN."""
    names = [str(text).partition(":function:")[2] or str(text) for text in (old, new)]
    return names[0] == names[1]


# --- asynchronous invocations
def _invoke_config(job: Job) -> dict[str, str]:
    name, _, qualifier = job.id.rpartition(":") if _qualified(job.id) else (job.id, "", "")
    return {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}


def _qualified(id_: str) -> bool:
    """Whether an id ends in `:qualifier`: a name has no colon, a function's ARN has six."""
    return id_.count(":") in (1, 7)


def _put_invoke_config(job: Job) -> Any:
    qualifier = job.properties.get("qualifier")
    call = Call(
        operation="put_function_event_invoke_config",
        params={"FunctionName": "{functionName}", **({"Qualifier": qualifier} if qualifier else {})},
        sends=("destinationConfig", "maximumEventAgeInSeconds", "maximumRetryAttempts"),
    )
    job.run(call)
    given = job.properties["functionName"]
    return {"configId": f"{given}:{qualifier}" if qualifier else given}


def _read_invoke_config(job: Job) -> Any:
    named = _invoke_config(job)
    answer = job.client.get_function_event_invoke_config(**named)
    return {
        **answer,
        "functionName": named["FunctionName"],
        "qualifier": named.get("Qualifier"),
        "configId": job.id,
    }


# --- event source mappings
def _update_mapping(job: Job) -> Any:
    cleared: Properties = {
        "filterCriteria": {"filters": []},
        "destinationConfig": {"onFailure": {}},
        "scalingConfig": {},
        "functionResponseTypes": [],
        "maximumBatchingWindowInSeconds": 0,
    }
    fixed = {"eventSourceArn", "startingPosition"}
    wanted = {name: value for name, value in job.properties.items() if name not in fixed}
    wanted |= {name: value for name, value in cleared.items() if name in job.changed and name not in wanted}
    call = Call(operation="update_event_source_mapping", params={"UUID": "{id}"}, sends=EVERYTHING)
    return job.having(properties=wanted).run(call)


def _read_mapping(job: Job) -> Any:
    answer = job.client.get_event_source_mapping(UUID=job.id)
    enabled = answer["State"] in ("Enabled", "Enabling", "Creating", "Updating")
    return {**answer, "Enabled": enabled} if answer["State"] != "Deleting" else None


DESCRIPTIONS = (
    Description(
        token="aws:lambda/permission:Permission",  # noqa: S106
        service="lambda",
        id="{statementId}",
        import_id="{function}/{id}",
        create=Call(operation="add_permission", sends=EVERYTHING),
        read=(_read_permission,),
        delete=_remove_permission,
        members={"function": "FunctionName"},
        local=frozenset({"qualifier"}),
        same={"function": same_function, "principal": _same_principal},
    ),
    Description(
        token="aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",  # noqa: S106
        service="lambda",
        id="{configId}",
        create=_put_invoke_config,
        read=(_read_invoke_config,),
        steps=(Step(properties=EVERYTHING, action=_put_invoke_config),),
        delete=lambda job: job.client.delete_function_event_invoke_config(**_invoke_config(job)),
        outputs={"configId": "configId"},
        model=("put_function_event_invoke_config",),
    ),
    Description(
        token="aws:lambda/eventSourceMapping:EventSourceMapping",  # noqa: S106
        service="lambda",
        id="{uuid}",
        create=Call(operation="create_event_source_mapping", sends=EVERYTHING),
        read=(_read_mapping,),
        ready="State != 'Creating' && State != 'Updating' && State != 'Enabling' && State != 'Disabling'",
        lingers=True,
        steps=(Step(properties=EVERYTHING, action=_update_mapping),),
        delete=Call(operation="delete_event_source_mapping", params={"UUID": "{id}"}),
        members={
            "functionName": Member(sent="FunctionName", read="FunctionArn"),
            "destinationConfig.onFailure.destinationArn": "Destination",
        },
        outputs={
            "uuid": "UUID",
            "arn": "EventSourceMappingArn",
            "functionArn": "FunctionArn",
            "state": "State",
            "lastModified": "LastModified",
        },
        tags=Tags(read="list_tags", write="tag_resource", drop="untag_resource", by={"Resource": "{arn}"}),
        unordered=frozenset({"functionResponseTypes", "filterCriteria.filters"}),
        computed=frozenset({"batchSize"}),
        same={"functionName": same_function, "filterCriteria.filters[].pattern": same_document},
    ),
)
