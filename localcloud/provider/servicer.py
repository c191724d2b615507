"""The engine's ResourceProvider protocol in front of the provider's own functions."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from localcloud.provider import lifecycle, resources
from localcloud.provider.checking import check
from localcloud.provider.cloud import Cloud, CloudError, NotLocalError, explain
from localcloud.provider.description import Complaint, Description
from localcloud.provider.diffing import Comparison, Difference, touched
from localcloud.provider.facts import Facts, all_facts
from localcloud.provider.functions import invoke
from localcloud.provider.job import Job
from localcloud.provider.settings import Settings, check_settings, settings_from, verify_account
from localcloud.provider.values import DEFAULTS, UNKNOWN, Properties, from_struct, plain, to_struct

VERSION = "7.51.1"
"""Of the stock plugin that this one stands in for."""


# ruff: noqa: ARG002 - every method of the protocol gets a request and a context
class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One configured provider; the engine starts a process for each."""

    def __init__(self, cloud_for: Callable[[str], Cloud] = lambda region: Cloud(region=region)) -> None:
        self._cloud_for = cloud_for
        self._cloud = cloud_for("us-east-1")
        self._settings = Settings(region="us-east-1")

    # --- the plugin itself
    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Handshake(
        self, request: Any, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    # --- its configuration
    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        news = from_struct(request.news)
        return provider_pb2.CheckResponse(inputs=to_struct(news), failures=_failures(check_settings(news)))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        olds, news = _old_inputs(request), from_struct(request.news)
        changed = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
        replaces = [key for key in changed if key == "region" and olds.get(key)]
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some, diffs=changed, replaces=replaces)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ConfigureResponse:
        settings = settings_from(from_struct(request.args))
        cloud = self._cloud_for(settings.region or "us-east-1")
        self._settings, self._cloud = settings, replace(cloud, repository_url=settings.repository_url)
        try:
            verify_account(settings, self._cloud)
        except (CloudError, NotLocalError) as trouble:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(trouble))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    # --- resources
    def Check(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        news, token = from_struct(request.news), _token(request.urn)
        described = resources.description(token)
        if described is None:
            refusal = f"{token} is not supported by the local AWS provider (localcloud/provider/resources)"
            return provider_pb2.CheckResponse(inputs=to_struct(news), failures=_failures([("", refusal)]))
        checked = check(
            described,
            all_facts()[token],
            self._cloud,
            self._settings,
            name=request.urn.rpartition("::")[2],
            olds=from_struct(request.olds),
            news=news,
            seed=request.randomSeed,
        )
        return provider_pb2.CheckResponse(
            inputs=to_struct(checked.inputs), failures=_failures(checked.complaints)
        )

    def Diff(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        described, facts = self._known(request.urn, context)
        news = from_struct(request.news)
        olds = _old_inputs(request)
        found = Comparison(description=described, facts=facts).differences(olds, news)
        if not found:
            return provider_pb2.DiffResponse(
                changes=provider_pb2.DiffResponse.DIFF_NONE, hasDetailedDiff=True
            )
        name = facts.autoname_property
        named = bool(name and news.get(name) and name not in news.get(DEFAULTS, ()))
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME,
            diffs=sorted(touched(found)),
            replaces=sorted({difference.top for difference in found if difference.replaces}),
            deleteBeforeReplace=facts.delete_before_replace or named,
            detailedDiff={difference.path: _property_diff(difference) for difference in found},
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        described, facts = self._known(request.urn, context)
        inputs = from_struct(request.properties)
        job = self._job(described, facts, inputs)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct(lifecycle.expected(job)))
        try:
            made, properties = lifecycle.create(job)
        except lifecycle.PartialError as partial:
            _abort_partly(context, described, request, partial, inputs)
        except Exception as trouble:
            _abort(context, "creating", described, request.urn, trouble)
        return provider_pb2.CreateResponse(id=made, properties=to_struct(properties))

    def Read(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        described, facts = self._known(request.urn, context)
        inputs = from_struct(request.inputs)
        job = self._job(described, facts, {**from_struct(request.properties), **inputs}, id=request.id)
        try:
            seen = lifecycle.read(
                job, Comparison(description=described, facts=facts), self._settings, inputs=inputs
            )
        except Exception as trouble:
            _abort(context, "reading", described, request.urn, trouble)
        if seen is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=seen.id, properties=to_struct(seen.properties), inputs=to_struct(seen.inputs)
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        described, facts = self._known(request.urn, context)
        news, olds, state = (from_struct(part) for part in (request.news, request.old_inputs, request.olds))
        comparison = Comparison(description=described, facts=facts)
        job = self._job(described, facts, news, id=request.id).having(old=plain(olds))
        if request.preview:
            changed = touched(comparison.differences(olds, news))
            return provider_pb2.UpdateResponse(properties=to_struct(lifecycle.foreseen(job, state, changed)))
        try:
            properties = lifecycle.update(job, comparison)
        except Exception as trouble:
            _abort(context, "updating", described, request.urn, trouble)
        return provider_pb2.UpdateResponse(properties=to_struct(properties))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        described, facts = self._known(request.urn, context)
        known = {**from_struct(request.properties), **from_struct(request.old_inputs)}
        try:
            lifecycle.delete(self._job(described, facts, known, id=request.id))
        except Exception as trouble:
            _abort(context, "deleting", described, request.urn, trouble)
        return empty_pb2.Empty()

    # --- functions
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        try:
            answer = invoke(request.tok, from_struct(request.args), self._cloud)
        except LookupError as unknown:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, str(unknown.args[0]))
        except Exception as trouble:
            context.abort(grpc.StatusCode.UNKNOWN, f"invoking {request.tok}: {explain(trouble)}")
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(answer))  # a keyword of Python
        return response

    # --- within
    def _known(self, urn: str, context: grpc.ServicerContext) -> tuple[Description, Facts]:
        token = _token(urn)
        described = resources.description(token)
        if described is None:
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED, f"{token} is not supported by the local AWS provider"
            )
        return described, all_facts()[token]

    def _job(self, described: Description, facts: Facts, properties: Properties, id: str = "") -> Job:  # noqa: A002
        region = properties.get("region") or self._settings.region or "us-east-1"
        place = {"region": region} if "region" in facts.inputs else {}
        return Job(
            description=described,
            facts=facts,
            cloud=self._cloud,
            region=self._cloud.region if region == UNKNOWN else region,
            properties=plain({**place, **properties}),
            id=id,
        )


def _old_inputs(request: Any) -> Properties:
    """The last checked inputs; an engine that does not send them sends the state, which holds them too."""
    return from_struct(request.old_inputs if request.HasField("old_inputs") else request.olds)


def _token(urn: str) -> str:
    """The resource's type: the last of the chain of types in its URN."""
    return str(urn.split("::")[2].rsplit("$", maxsplit=1)[-1])


def _failures(found: Iterable[Complaint]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=path, reason=reason) for path, reason in found]


def _property_diff(difference: Difference) -> provider_pb2.PropertyDiff:
    kind = difference.kind + ("_REPLACE" if difference.replaces else "")
    return provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.Kind.Value(kind), inputDiff=True)


def _abort(
    context: grpc.ServicerContext, doing: str, described: Description, urn: str, trouble: Exception
) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, _message(doing, described, urn, explain(trouble)))


def _message(doing: str, described: Description, urn: str, reason: str) -> str:
    return f"{doing} {described.label} ({urn.rpartition('::')[2]}): {reason}"


def _abort_partly(
    context: grpc.ServicerContext,
    described: Description,
    request: Any,
    partial: lifecycle.PartialError,
    inputs: Properties,
) -> NoReturn:
    """Tell the engine to keep the half-made resource in its state (it reads the details from a trailer)."""
    message = _message("creating", described, request.urn, str(partial))
    details = any_pb2.Any()
    details.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=partial.id,
            properties=to_struct(partial.properties),
            inputs=to_struct(inputs),
            reasons=[message],
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[details])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)
