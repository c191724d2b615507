"""From the raw path of a request to a resource and a method of its API."""

from collections.abc import Iterable
from dataclasses import dataclass

from localcloud.cloud.gateway.definitions import Method, Resource

PREFIX = "/_aws/execute-api/"


@dataclass(frozen=True, kw_only=True)
class Address:
    """`path` is what the API's resources are matched with: raw, without base path and stage."""

    api: str
    stage: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Route:
    """`parameters` hold path parameters still percent-encoded, as AWS passes them on."""

    resource: Resource
    method: Method
    parameters: dict[str, str]


def parse_address(raw_path: str) -> Address | None:
    """Split `/_aws/execute-api/<api>/<stage>/<path>`; None when the path has another form."""
    if not raw_path.startswith(PREFIX):
        return None
    api, _, rest = raw_path.removeprefix(PREFIX).partition("/")
    stage, slash, path = rest.partition("/")
    return Address(api=api, stage=stage, path=slash + path or "/") if api and stage else None


def find_route(resources: Iterable[Resource], verb: str, path: str) -> Route | None:
    """The most specific resource with a method for `verb`: literal before `{parameter}` before `{proxy+}`.

    Compares percent-encoded text, so `%2F` never separates segments. A trailing slash is ignored.
    """
    segments = path.strip("/").split("/") if path.strip("/") else []
    best: tuple[list[int], Route] | None = None
    for resource in resources:
        method = resource.methods.get(verb) or resource.methods.get("ANY")
        matched = _match(resource.path, segments)
        if method is None or matched is None:
            continue
        rank, parameters = matched
        if best is None or rank < best[0]:
            best = rank, Route(resource=resource, method=method, parameters=parameters)
    return best[1] if best else None


def _match(pattern: str, segments: list[str]) -> tuple[list[int], dict[str, str]] | None:
    parts = pattern.strip("/").split("/") if pattern != "/" else []
    rank: list[int] = []
    parameters: dict[str, str] = {}
    for position, part in enumerate(parts):
        if part.startswith("{") and part.endswith("+}"):
            rest = "/".join(segments[position:])
            return ([*rank, 2], {**parameters, part[1:-2]: rest}) if rest else None
        if position >= len(segments):
            return None
        segment = segments[position]
        if part.startswith("{") and part.endswith("}") and segment:
            rank.append(1)
            parameters[part[1:-1]] = segment
        elif part == segment:
            rank.append(0)
        else:
            return None
    return (rank, parameters) if len(parts) == len(segments) else None
