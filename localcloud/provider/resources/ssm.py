"""SSM Parameter Store."""

from collections.abc import Iterable

from localcloud.provider.description import Call, Description, Step, Tags
from localcloud.provider.values import Properties

_PROPERTIES = ("allowedPattern", "dataType", "description", "keyId", "tier", "type", "value")


def _moves(_inputs: Properties, changed: frozenset[str]) -> Iterable[str]:
    return ("version",) if changed & set(_PROPERTIES) else ()


DESCRIPTIONS = (
    Description(
        token="aws:ssm/parameter:Parameter",  # noqa: S106
        service="ssm",
        id="{name}",
        create=Call(operation="put_parameter", sends=(*_PROPERTIES, "name", "overwrite")),
        read=(
            Call(
                operation="get_parameter", params={"Name": "{id}", "WithDecryption": True}, pick="Parameter"
            ),
            Call(
                operation="describe_parameters",
                params={"ParameterFilters": [{"Key": "Name", "Option": "Equals", "Values": ["{id}"]}]},
                pick="Parameters[0]",
            ),
        ),
        steps=(
            Step(
                properties=_PROPERTIES,
                action=Call(
                    operation="put_parameter",
                    params={"Overwrite": True},
                    sends=(*_PROPERTIES, "name"),
                    clears=True,
                ),
            ),
        ),
        delete=Call(operation="delete_parameter", params={"Name": "{id}"}),
        outputs={"arn": "ARN", "version": "Version"},
        tags=Tags(
            read="list_tags_for_resource",
            write="add_tags_to_resource",
            drop="remove_tags_from_resource",
            by={"ResourceType": "Parameter", "ResourceId": "{id}"},
        ),
        local=frozenset({"overwrite"}),
        # Advanced to Standard is the only way that needs a new parameter.
        replace_if={"tier": lambda old, new: old == "Advanced" and new == "Standard"},
        moves=_moves,
    ),
)
