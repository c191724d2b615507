"""Method and path to operation. The paths are the API's, cut at the slashes before they are decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from registry.api.shapes import Shapes
from registry.domain import deployment_inputs, inputs, sharing_inputs
from registry.errors import Invalid, NotFound
from registry.services.deploying import Deploying
from registry.services.publishing import Publishing
from registry.services.reading import Reading
from registry.services.sharing import Sharing
from registry.services.throttling import Throttling


@dataclass(frozen=True, kw_only=True)
class Route:
    """`asks` is the operation's input and has its name; `shape` is None where the answer has no body.

    `admit` raises where an account (the first argument) asks for an operation (the second) too often.
    """

    method: str
    path: str
    status: int
    asks: type[Any]
    run: Callable[[Any, Any], Any]
    shape: Callable[[Any], dict[str, Any]] | None
    admit: Callable[[str, str], None]

    @property
    def operation(self) -> str:
        return self.asks.__name__


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the operations are done by."""

    publishing: Publishing
    reading: Reading
    deploying: Deploying
    sharing: Sharing
    throttling: Throttling


def routes(services: Services, shapes: Shapes) -> tuple[Route, ...]:
    """Every operation that the API offers (serverlessrepo-api.md §2)."""
    publishing, reading = services.publishing, services.reading
    deploying, sharing = services.deploying, services.sharing
    applications, application = "applications", "applications/{applicationId}"
    versions = f"{application}/versions"
    rows: tuple[tuple[str, str, int, type[Any], Callable[..., Any], Callable[..., Any] | None], ...] = (
        ("POST", applications, 201, inputs.CreateApplication, publishing.create, shapes.release),
        ("GET", applications, 200, inputs.ListApplications, reading.list, shapes.applications),
        ("GET", application, 200, inputs.GetApplication, reading.get, shapes.release),
        ("PATCH", application, 200, inputs.UpdateApplication, publishing.update, shapes.release),
        ("DELETE", application, 204, inputs.DeleteApplication, publishing.delete, None),
        ("GET", versions, 200, inputs.ListApplicationVersions, reading.list_versions, shapes.versions),
        (
            "GET",
            f"{application}/dependencies",
            200,
            inputs.ListApplicationDependencies,
            reading.list_dependencies,
            shapes.dependencies,
        ),
        (
            "PUT",
            f"{versions}/{{semanticVersion}}",
            201,
            inputs.CreateApplicationVersion,
            publishing.create_version,
            shapes.version,
        ),
        (
            "GET",
            f"{application}/policy",
            200,
            sharing_inputs.GetApplicationPolicy,
            sharing.get_policy,
            shapes.policy,
        ),
        (
            "PUT",
            f"{application}/policy",
            200,
            sharing_inputs.PutApplicationPolicy,
            sharing.put_policy,
            shapes.policy,
        ),
        (
            "POST",
            f"{application}/unshare",
            204,
            sharing_inputs.UnshareApplication,
            sharing.unshare,
            None,
        ),
        (
            "POST",
            f"{application}/templates",
            201,
            deployment_inputs.CreateCloudFormationTemplate,
            deploying.create_template,
            shapes.template,
        ),
        (
            "GET",
            f"{application}/templates/{{templateId}}",
            200,
            deployment_inputs.GetCloudFormationTemplate,
            deploying.get_template,
            shapes.template,
        ),
        (
            "POST",
            f"{application}/changesets",
            201,
            deployment_inputs.CreateCloudFormationChangeSet,
            deploying.create_change_set,
            shapes.change_set,
        ),
    )
    admit = services.throttling.admit
    return tuple(
        Route(method=method, path=path, status=status, asks=asks, run=run, shape=shape, admit=admit)
        for method, path, status, asks, run, shape in rows
    )


def find_route(
    known: Sequence[Route], method: str, segments: Sequence[str]
) -> tuple[Route, Mapping[str, str]]:
    """The route and the members in its path, each decoded once. Raises NotFound; Invalid on bad encoding."""
    for route in known:
        pattern = route.path.split("/")
        if route.method == method and len(pattern) == len(segments):
            pairs = list(zip(pattern, segments, strict=True))
            if all(expected == got or (got and _is_member(expected)) for expected, got in pairs):
                return route, {
                    expected[1:-1]: _decoded(got) for expected, got in pairs if _is_member(expected)
                }
    shown = "/".join(segments)[:200]
    raise NotFound(f"There is no operation {method} /{shown}")


def segments_of(event: Mapping[str, Any]) -> list[str]:
    """What follows the stage or base path, still encoded, in the path that the signature covers.

    `proxy` arrives encoded or decoded, depending on the front; it only tells where that part begins.
    """
    segments = str(event["requestContext"]["path"]).split("/")
    proxy = (event.get("pathParameters") or {}).get("proxy", "")
    for start in range(1, len(segments)):
        tail = "/".join(segments[start:])
        if proxy in (tail, unquote(tail)):
            return segments[start:]
    return []


def _is_member(part: str) -> bool:
    return part.startswith("{")


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Invalid(f"{segment[:200]!r} in the path is not percent-encoded UTF-8") from None
