"""botocore's shapes as JSON Schemas (2020-12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape

from contracts.openapi.additions import ABOUT, Additions
from contracts.openapi.documented import constraints_in, first_sentence

Schema = dict[str, Any]
_TYPES = {
    "string": "string",
    "boolean": "boolean",
    "integer": "integer",
    "long": "integer",
    "double": "number",
}
# What responses are made of is not marked as required where they are named after the operation: the data type
# with the same members says it (serverlessrepo-api.md §3).
_NAMED_AFTER_OPERATION = ("Request", "Response", "Input")


def data_type_of(model: ServiceModel, shape: StructureShape) -> StructureShape:
    """The model's data type with exactly these members. Raises LookupError when there is none."""
    for name in model.shape_names:
        candidate = model.shape_for(name)
        if (
            isinstance(candidate, StructureShape)
            and not name.endswith(_NAMED_AFTER_OPERATION)
            and candidate.members.keys() == shape.members.keys()
        ):
            return candidate
    raise LookupError(f"the model has no data type with the members of {shape.name}")


def located(operation: OperationModel) -> Iterator[tuple[str, str, str, Shape]]:
    """Of what the operation is asked: place (`path`, `query` or `body`), wire name, member name, shape."""
    places = {"uri": "path", "querystring": "query"}
    asked = operation.input_shape
    for member, shape in (asked.members if asked is not None else {}).items():
        said: Mapping[str, str] = shape.serialization
        yield places.get(said.get("location", ""), "body"), said.get("name", member), member, shape


def input_name(operation: str) -> str:
    """The name of the schema of what an operation is asked in its body."""
    return f"{operation}Input"


class Schemas:
    """Collects under `components` every data type that a schema refers to.

    Constraints are for what is asked: what is answered follows from it and is bound by its data types alone.
    """

    def __init__(self, model: ServiceModel, additions: Additions) -> None:
        self.components: dict[str, Schema] = {}
        self._model = model
        self._additions = additions

    def answered(self, operation: OperationModel) -> Schema | None:
        """A reference to the data type of the answer, None where there is no body."""
        shape = operation.output_shape
        if shape is None:
            return None
        return self._reference(data_type_of(self._model, shape), asked=False)

    def asked(self, operation: OperationModel) -> Schema | None:
        """A reference to the schema of the body, None where the operation has none."""
        members = {
            wire: (member, shape) for place, wire, member, shape in located(operation) if place == "body"
        }
        if not members:
            return None
        name = input_name(operation.name)
        properties = {wire: self.member(name, wire, shape) for wire, (_, shape) in members.items()}
        required = {*operation.input_shape.required_members} if operation.input_shape else set()
        self.components[name] = _object(
            properties, [wire for wire, (member, _) in members.items() if member in required]
        )
        return {"$ref": f"#/components/schemas/{name}"}

    def member(self, of: str, wire: str, shape: Shape) -> Schema:
        """A member of what is asked, with the constraints that the model and the additions know."""
        schema = self._plain(shape, asked=True)
        documented = constraints_in(shape.documentation, of_list=isinstance(shape, ListShape))
        self._constrain(schema, documented | self._additions.on(of, wire))
        if "items" in schema:
            items = documented.get("items", {}) | self._additions.on(of, f"{wire}[]")
            self._constrain(schema["items"], items)
        if "$ref" not in schema and (sentence := first_sentence(shape.documentation)):
            schema["description"] = sentence
        return schema

    @staticmethod
    def _constrain(schema: Schema, constraints: Mapping[str, Any]) -> None:
        for keyword, value in constraints.items():
            if keyword in ABOUT or keyword == "items" or value is None:
                continue
            schema["examples" if keyword == "example" else keyword] = (
                [value] if keyword == "example" else value
            )

    def _plain(self, shape: Shape, *, asked: bool) -> Schema:
        if isinstance(shape, StructureShape):
            return self._reference(shape, asked=asked)
        if isinstance(shape, ListShape):
            return {"type": "array", "items": self._plain(shape.member, asked=asked)}
        schema: Schema = {"type": _TYPES[shape.type_name]}
        if isinstance(shape, StringShape) and shape.enum:
            schema["enum"] = list(shape.enum)
        limits = {"min": "minimum", "max": "maximum"}
        return schema | {limits[key]: value for key, value in shape.metadata.items() if key in limits}

    def _reference(self, shape: StructureShape, *, asked: bool) -> Schema:
        name = shape.name
        if name not in self.components:
            self.components[name] = {}  # holds the place while its members are read
            members = {
                one.serialization.get("name", member): (member, one) for member, one in shape.members.items()
            }
            properties = {
                wire: self.member(name, wire, one) if asked else self._described(one)
                for wire, (_, one) in members.items()
            }
            required = [wire for wire, (member, _) in members.items() if member in shape.required_members]
            schema = _object(properties, required)
            # Unknown members of a request are ignored; an answer has none.
            self.components[name] = schema if asked else schema | {"additionalProperties": False}
        return {"$ref": f"#/components/schemas/{name}"}

    def _described(self, shape: Shape) -> Schema:
        schema = self._plain(shape, asked=False)
        if "$ref" not in schema and (sentence := first_sentence(shape.documentation)):
            schema["description"] = sentence
        return schema


def _object(properties: Schema, required: list[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    return schema | {"required": sorted(required)} if required else schema
