"""The program under Pulumi's mocks, with every request kept as it was made."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("alpha", "beta", "gamma", "prod")
# Outputs that the program hands on; the value only has to be recognisable.
COMPUTED = {
    "aws:dynamodb/table:Table": {"streamArn": "arn:aws:dynamodb/table:Table:entities/stream/1"},
    "aws:lambda/function:Function": {"version": "7"},
    "aws:kms/key:Key": {"keyId": "key-id"},
    "aws:acm/certificate:Certificate": {
        "domainValidationOptions": [
            {"resourceRecordName": "_x", "resourceRecordType": "CNAME", "resourceRecordValue": "_y"}
        ]
    },
    "aws:acm/certificateValidation:CertificateValidation": {"certificateArn": "arn:acm"},
    "aws:apigateway/domainName:DomainName": {"regionalDomainName": "d.test", "regionalZoneId": "Z"},
    "aws:route53/record:Record": {"fqdn": "_x.test"},
    "aws:sqs/queue:Queue": {"url": "https://sqs.test/queue"},
    "aws:apigateway/restApi:RestApi": {"rootResourceId": "root", "executionArn": "arn:execute-api:sdk"},
    "aws:apigateway/stage:Stage": {"invokeUrl": "https://sdk.test/stage"},
}


class Cloud(Mocks):
    """Every resource has an ARN of its type and name; the caller is of `account`."""

    def __init__(self, account: str | Exception, partition: str = "aws") -> None:
        self.account, self.partition = account, partition

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        arn = f"arn:{args.typ}:{args.name}"
        computed = {"arn": arn, "invokeArn": f"{arn}:invoke", **COMPUTED.get(args.typ, {})}
        return f"{args.name}-id", {**args.inputs, **computed}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if isinstance(self.account, Exception):
            return {}, [("provider", str(self.account))]
        match args.token:
            case "aws:index/getCallerIdentity:getCallerIdentity":
                return {"accountId": self.account, "arn": "arn:caller", "userId": "u", "id": "i"}, []
            case "aws:index/getPartition:getPartition":
                return {
                    "partition": self.partition,
                    "dnsSuffix": "d",
                    "id": "i",
                    "reverseDnsPrefix": "r",
                }, []
        raise AssertionError(f"the program asks for {args.token}, which is not expected")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One resource as the program asked for it; `inputs` in Pulumi's names."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    provider: str
    protect: bool
    retain: bool
    inputs: dict[str, Any]

    def document(self, key: str) -> dict[str, Any]:
        """An input that is JSON text."""
        parsed: dict[str, Any] = json.loads(self.inputs[key])
        return parsed


class Recorder(MockMonitor):
    """Keeps what mocks alone lose: parents, options, and two resources of one URN."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.asked: list[Asked] = []

    def RegisterResource(self, request: Any) -> Any:
        self.asked.append(
            Asked(
                urn=self.make_urn(request.parent, request.type, request.name),
                type=request.type,
                name=request.name,
                parent=request.parent,
                custom=request.custom,
                provider=request.provider,
                protect=request.protect,
                retain=request.retainOnDelete,
                inputs=rpc.deserialize_properties(request.object),
            )
        )
        return super().RegisterResource(request)


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """All that a run of the program asked for and exported."""

    asked: list[Asked]
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def resources(self) -> list[Asked]:
        """Without components, the stack and the provider."""
        return [one for one in self.asked if one.custom and not one.type.startswith("pulumi:")]

    def of(self, type_: str) -> dict[str, Asked]:
        """By name: every resource of a type such as `dynamodb/table:Table`."""
        return {one.name: one for one in self.asked if one.type == f"aws:{type_}"}


def config_of(stage: str) -> dict[str, str]:
    """A stage file with the defaults of Pulumi.yaml, as the engine hands them to the program."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    defaults = {f"registry:{key}": one["default"] for key, one in project.items() if "default" in one}
    chosen = yaml.safe_load((ROOT / f"Pulumi.{stage}.yaml").read_text())["config"]
    return {key: as_text(value) for key, value in (defaults | chosen).items()}


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def run(
    program: Callable[[], Mapping[str, Any] | None],
    *,
    stack: str = "alpha-us-east-1",
    config: Mapping[str, str] | None = None,
    account: str | Exception = "100000000001",
    partition: str = "aws",
) -> Deployed:
    """Runs `program` to its end, every registration done. What it returns are the outputs."""
    recorder = Recorder(Cloud(account, partition))
    pulumi.runtime.set_mocks(recorder.mocks, project="registry", stack=stack, monitor=recorder)
    pulumi.runtime.set_all_config(dict(config or {}))
    outputs: dict[str, Any] = {}

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def whole() -> None:
        for name, value in (program() or {}).items():
            pulumi.Output.from_input(value).apply(lambda known, name=name: outputs.update({name: known}))

    whole()
    return Deployed(asked=recorder.asked, outputs=outputs)
