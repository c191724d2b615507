import pytest

from localcloud.cloud.gateway.routing import Address, find_route, parse_address
from tests.localcloud.apis import method, resource

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("/_aws/execute-api/a1/beta", Address(api="a1", stage="beta", path="/")),
        ("/_aws/execute-api/a1/beta/", Address(api="a1", stage="beta", path="/")),
        ("/_aws/execute-api/a1/beta/x%2Fy/z/", Address(api="a1", stage="beta", path="/x%2Fy/z/")),
        ("/_aws/execute-api/a1/", None),
        ("/_aws/execute-api//beta/x", None),
        ("/elsewhere", None),
    ],
)
def test_the_address_keeps_the_path_as_sent(raw: str, expected: Address | None) -> None:
    assert parse_address(raw) == expected


RESOURCES = (
    resource("/", GET=method()),
    resource("/{proxy+}", ANY=method()),
    resource("/apps", GET=method()),
    resource("/apps/{id}", GET=method(), ANY=method()),
    resource("/apps/{id}/versions", GET=method()),
    resource("/apps/search", GET=method()),
)


@pytest.mark.parametrize(
    ("verb", "path", "expected", "parameters"),
    [
        ("GET", "/", "/", {}),
        ("GET", "/apps", "/apps", {}),
        ("GET", "/apps/", "/apps", {}),
        ("GET", "/apps/search", "/apps/search", {}),
        ("GET", "/apps/arn%3Aaws%2Fname", "/apps/{id}", {"id": "arn%3Aaws%2Fname"}),
        ("GET", "/apps/a/versions", "/apps/{id}/versions", {"id": "a"}),
        ("GET", "/apps/a/other", "/{proxy+}", {"proxy": "apps/a/other"}),
        ("PUT", "/apps/search", "/apps/{id}", {"id": "search"}),
        ("PUT", "/apps", "/{proxy+}", {"proxy": "apps"}),
        ("GET", "/deep/er%2Fstill/", "/{proxy+}", {"proxy": "deep/er%2Fstill"}),
    ],
)
def test_the_most_specific_resource_with_the_method_wins(
    verb: str, path: str, expected: str, parameters: dict[str, str]
) -> None:
    route = find_route(RESOURCES, verb, path)
    assert route is not None
    assert (route.resource.path, route.parameters) == (expected, parameters)


@pytest.mark.parametrize(("verb", "path"), [("PUT", "/"), ("GET", "//")])
def test_a_greedy_parameter_needs_at_least_one_character(verb: str, path: str) -> None:
    assert find_route((resource("/{proxy+}", ANY=method()),), verb, path) is None


def test_a_named_method_goes_before_any() -> None:
    chosen = method(name="get")
    route = find_route((resource("/x", ANY=method(name="any"), GET=chosen),), "GET", "/x")
    assert route is not None
    assert route.method is chosen
