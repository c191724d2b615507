"""One operation on one resource: what its calls are filled from, and how they run."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from localcloud.provider.cloud import Cloud, CloudError, is_gone
from localcloud.provider.description import Action, Call, Description, Patch
from localcloud.provider.facts import Facts
from localcloud.provider.mapping import dig, fill, from_api, pair_of, to_api
from localcloud.provider.values import Properties, Value, plain

POLL_S = 0.2
PATIENCE_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """`properties` are the inputs wanted (or, to read and delete, those known); `old` what an update starts
    from.
    """

    description: Description
    facts: Facts
    cloud: Cloud
    region: str
    properties: Properties
    old: Properties = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    id: str = ""
    found: Mapping[str, Any] = field(default_factory=dict)

    @property
    def client(self) -> Any:
        return self.cloud.client(self.description.service, self.region)

    @property
    def scope(self) -> dict[str, Any]:
        """What templates are filled from: the place, what is wanted, and, stronger, what the cloud told."""
        return {
            "account": self.cloud.account,
            "region": self.region,
            "partition": self.cloud.partition(self.region),
            **self.properties,
            **self.found,
            "id": self.id,
        }

    def having(self, **changes: Any) -> "Job":
        return replace(self, **changes)

    def learn(self, answer: Mapping[str, Any]) -> "Job":
        """The same job, knowing what `answer` tells: properties and outputs."""
        told = from_api(self.description, self.facts.inputs, answer)
        outputs = {
            name: dig(answer, path)
            for name, path in self.description.outputs.items()
            if path and "{" not in path
        }
        told |= {name: _simple(value) for name, value in outputs.items() if value is not None}
        job = self.having(found={**self.found, **told})
        for name, template in self.description.outputs.items():
            if "{" in template:
                job = job.having(found={**job.found, name: _try_fill(template, job.scope)})
        return job

    def run(self, action: Action) -> Any:
        """The answer of `action`, cut to what it picks."""
        if isinstance(action, Call):
            return self._call(action)
        if isinstance(action, Patch):
            return self._patch(action)
        return action(self)

    def _call(self, call: Call) -> Any:
        from jmespath import search  # type: ignore[import-untyped] # noqa: PLC0415 - with botocore

        client = self.client
        values = dict(self.properties)
        if call.clears:
            values |= {name: empty(self.facts.inputs[name]) for name in self.changed - values.keys()}
        shape = operation_input(client, call.operation)
        params = to_api(self.description, shape, values, call.sends) if shape is not None else {}
        params |= fill(dict(call.params), self.scope)
        if self.description.tags and call is self.description.create and shape is not None:
            params |= self._tags_on_create(shape)
        if call.every and client.can_paginate(call.operation):
            answer = client.get_paginator(call.operation).paginate(**params).build_full_result()
        else:
            answer = getattr(client, call.operation)(**params)
        picked = search(fill(call.pick, self.scope), answer)
        return picked if isinstance(picked, dict) else None

    def _tags_on_create(self, shape: Any) -> dict[str, Any]:
        tags = self.properties.get("tagsAll")
        name = next((name for name in shape.members if name.lower() == "tags"), None)
        if not (tags and name and self.description.tags and self.description.tags.on_create):
            return {}
        return {name: tag_list(tags, shape.members[name])}

    def _patch(self, patch: Patch) -> Any:
        operations: list[dict[str, str]] = []
        for name in sorted(self.changed & patch.paths.keys()):
            path, old, new = patch.paths[name], self.old.get(name), self.properties.get(name)
            operations += _patch_operations(path, old, new)
        if operations:
            params = fill(dict(patch.params), self.scope)
            return getattr(self.client, patch.operation)(**params, patchOperations=operations)
        return None

    def exists(self) -> bool:
        """Whether the first reader still finds it."""
        try:
            return self.run(self.description.read[0]) is not None
        except Exception as trouble:
            if is_gone(trouble):
                return False
            raise

    def wait(self) -> Any:
        """What the first reader returns once the resource is ready, null for a type that always is.

        Raises CloudError when it never is.
        """
        from jmespath import search  # noqa: PLC0415

        if not self.description.ready:
            return None
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = self.run(self.description.read[0])
            if search(self.description.ready, answer):
                return answer
            if time.monotonic() > end:
                raise CloudError(
                    f"not ready after {PATIENCE_S:.0f} s ({self.description.ready} does not hold)"
                )
            time.sleep(POLL_S)


def operation_input(client: Any, method: str) -> Any:
    """The input shape of the client's `method`, None where the operation takes nothing."""
    return client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape


def tag_list(tags: Mapping[str, str], shape: Any) -> Any:
    """Tags in the form that `shape` wants: a map, or pairs."""
    if shape.type_name == "map":
        return dict(tags)
    key, value = pair_of(shape.member) or ("Key", "Value")
    return [{key: name, value: text} for name, text in tags.items()]


def tag_map(held: Any) -> dict[str, str]:
    """Tags as a map, from a map or pairs."""
    if isinstance(held, dict):
        return held
    return {tag.get("Key", tag.get("TagKey")): tag.get("Value", tag.get("TagValue", "")) for tag in held}


def empty(schema: Any) -> Value:
    """What clears a property of this type, for an API that keeps what is not mentioned."""
    if isinstance(schema, list):
        return []
    if isinstance(schema, dict):
        return {} if "*" in schema else {name: empty(inner) for name, inner in schema.items()}
    return {"string": "", "boolean": False}.get(schema)


def _patch_operations(path: str, old: Value, new: Value) -> list[dict[str, str]]:
    if isinstance(old, dict) or isinstance(new, dict):
        before, after = plain(old) or {}, plain(new) or {}
        gone = [
            {"op": "remove", "path": f"{path}/{_token(key)}"} for key in sorted(before.keys() - after.keys())
        ]
        return gone + [
            {
                "op": "add" if key not in before else "replace",
                "path": f"{path}/{_token(key)}",
                "value": _text(value),
            }
            for key, value in sorted(after.items())
            if before.get(key) != value
        ]
    return [{"op": "replace", "path": path, "value": _text("" if new is None else new)}]


def _token(key: str) -> str:
    """A key as a part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _simple(value: Any) -> Value:
    """An output as the engine can hold it; among text attributes a truth is text as well."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _try_fill(template: str, scope: Mapping[str, Any]) -> Value:
    try:
        return fill(template, scope)
    except KeyError:
        return None
