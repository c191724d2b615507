"""Plays the engine: speaks the plugin protocol to a provider in this process, over a real socket."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from localcloud.provider.servicer import Provider
from localcloud.provider.values import from_struct, to_struct

SEED = bytes(range(32))


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:alpha-us-east-1::registry::sar:patterns:Thing${token}::{name}"


@dataclass
class Resource:
    """What the engine's state holds of one resource."""

    token: str
    name: str
    inputs: dict[str, Any]
    state: dict[str, Any] = field(default_factory=dict)
    id: str = ""


class RefusedError(Exception):
    """Check said no: `failures` are (property, reason)."""

    def __init__(self, failures: list[tuple[str, str]]) -> None:
        super().__init__(failures)
        self.failures = failures


class Driver:
    """One operation of the protocol a method, with plain dictionaries."""

    def __init__(self, stub: Any) -> None:
        self.stub = stub

    def configure(self, **config: Any) -> None:
        self.stub.Configure(provider_pb2.ConfigureRequest(args=to_struct(config), acceptSecrets=True))

    def check(
        self, token: str, name: str, news: dict[str, Any], olds: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        answer = self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn(token, name), news=to_struct(news), olds=to_struct(olds or {}), randomSeed=SEED
            )
        )
        if answer.failures:
            raise RefusedError([(failure.property, failure.reason) for failure in answer.failures])
        return from_struct(answer.inputs)

    def diff(self, resource: Resource, news: dict[str, Any]) -> Any:
        return self.stub.Diff(
            provider_pb2.DiffRequest(
                id=resource.id or "id",
                urn=urn(resource.token, resource.name),
                olds=to_struct(resource.state or resource.inputs),
                old_inputs=to_struct(resource.inputs),
                news=to_struct(news),
            )
        )

    def preview_create(self, token: str, name: str, news: dict[str, Any]) -> dict[str, Any]:
        inputs = self.check(token, name, news)
        answer = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(token, name), properties=to_struct(inputs), preview=True)
        )
        return from_struct(answer.properties)

    def create(self, token: str, name: str, news: dict[str, Any]) -> Resource:
        inputs = self.check(token, name, news)
        answer = self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(token, name), properties=to_struct(inputs))
        )
        return Resource(token, name, inputs, from_struct(answer.properties), answer.id)

    def read(self, resource: Resource) -> Resource:
        """What a refresh would put in the resource's place; its id is "" when it is gone."""
        answer = self.stub.Read(
            provider_pb2.ReadRequest(
                id=resource.id,
                urn=urn(resource.token, resource.name),
                properties=to_struct(resource.state),
                inputs=to_struct(resource.inputs),
            )
        )
        return Resource(
            resource.token,
            resource.name,
            from_struct(answer.inputs),
            from_struct(answer.properties),
            answer.id,
        )

    def update(self, resource: Resource, news: dict[str, Any], *, preview: bool = False) -> Resource:
        inputs = self.check(resource.token, resource.name, news, resource.inputs)
        answer = self.stub.Update(
            provider_pb2.UpdateRequest(
                id=resource.id,
                urn=urn(resource.token, resource.name),
                olds=to_struct(resource.state),
                old_inputs=to_struct(resource.inputs),
                news=to_struct(inputs),
                preview=preview,
            )
        )
        return Resource(resource.token, resource.name, inputs, from_struct(answer.properties), resource.id)

    def delete(self, resource: Resource) -> None:
        self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=resource.id,
                urn=urn(resource.token, resource.name),
                properties=to_struct(resource.state),
                old_inputs=to_struct(resource.inputs),
            )
        )

    def invoke(self, token: str, **args: Any) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=to_struct(args)))
        return from_struct(getattr(answer, "return"))


@contextmanager
def serve(provider: Provider | None = None) -> Iterator[Driver]:
    """A provider that is not configured yet."""
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider or Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    try:
        yield Driver(provider_pb2_grpc.ResourceProviderStub(channel))
    finally:
        channel.close()
        server.stop(0).wait()
