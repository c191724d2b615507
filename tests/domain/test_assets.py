"""The objects a template names: found, replaced and put back."""

from typing import Any

import pytest

from registry.domain.asset_places import PLACES, Form
from registry.domain.assets import (
    AssetReference,
    asset_warnings,
    find_assets,
    placeholder_digests,
    resolve,
    with_placeholders,
)
from registry.domain.templates import Template, parse_template
from registry.errors import Invalid

pytestmark = pytest.mark.unit

DIGEST, OTHER = "a" * 64, "b" * 64
KEY = f"<%ASSET:sha256:{DIGEST}%>"
FUNCTION, LAYER = "AWS::Serverless::Function", "AWS::Serverless::LayerVersion"


def one_resource(type_: str, properties: object, **sections: object) -> Template:
    return Template(document={"Resources": {"R": {"Type": type_, "Properties": properties}}, **sections})


def nested(keys: tuple[str, ...], value: object) -> Any:
    for key in reversed(keys):
        value = {"Any" if key == "*" else key: value}
    return value


def at(template: Template, keys: tuple[str | int, ...]) -> Any:
    value: Any = template.document
    for key in keys:
        value = value[key]
    return value


EVERY_PLACE = [(type_, place) for type_, places in PLACES.items() for place in places]


@pytest.mark.parametrize(
    ("type_", "place"), EVERY_PLACE, ids=[f"{type_}.{'.'.join(place.keys)}" for type_, place in EVERY_PLACE]
)
@pytest.mark.parametrize("as_uri", [True, False])
def test_every_place_is_found_replaced_and_put_back_in_its_own_shape(
    type_: str, place: Any, as_uri: bool
) -> None:
    as_uri |= place.form is Form.URI
    in_bucket, in_key, in_version = place.form.value or ("", "", "")
    named: Any = {in_bucket: "packages", in_key: "code/1.zip", in_version: "v1", "Other": 1}
    template = one_resource(
        type_, nested(place.keys, "s3://packages/code/1.zip?versionId=v1" if as_uri else named)
    )
    before = template.dump()

    [found] = find_assets(template)
    assert (found.bucket, found.key, found.version_id) == ("packages", "code/1.zip", "v1")
    assert found.form is (Form.URI if as_uri else place.form)

    stored = with_placeholders(template, {found: DIGEST})
    value = at(stored, found.path)
    assert value == (
        f"s3://<%REPO_BUCKET%>/{KEY}" if as_uri else {in_bucket: "<%REPO_BUCKET%>", in_key: KEY, "Other": 1}
    )
    assert placeholder_digests(stored, known={DIGEST, OTHER}) == (DIGEST,)

    again = parse_template(stored.dump())
    deployed = resolve(again, "deploys", lambda digest: f"deploy/{digest}")
    value = at(deployed, found.path)
    assert value == (
        f"s3://deploys/deploy/{DIGEST}"
        if as_uri
        else {in_bucket: "deploys", in_key: f"deploy/{DIGEST}", "Other": 1}
    )
    assert placeholder_digests(deployed, known={DIGEST, OTHER}) == ()
    assert template.dump() == before


@pytest.mark.parametrize(
    ("uri", "bucket", "key", "version"),
    [
        ("s3://packages/a", "packages", "a", None),
        ("s3://packages/a/b%20c", "packages", "a/b%20c", None),
        ("s3://packages/a?versionId=x.y", "packages", "a", "x.y"),
        ("s3://packages/a#b?c?versionId=x.y", "packages", "a#b?c", "x.y"),
        ("https://s3.amazonaws.com/packages/a", "packages", "a", None),
        ("https://packages.s3.eu-west-1.amazonaws.com/a/b?versionId=1", "packages", "a/b", "1"),
    ],
)
def test_an_address_in_s3_may_have_every_form_of_the_clients(
    uri: str, bucket: str, key: str, version: str | None
) -> None:
    assert find_assets(one_resource(FUNCTION, {"CodeUri": uri})) == (
        AssetReference(
            path=("Resources", "R", "Properties", "CodeUri"),
            bucket=bucket,
            key=key,
            version_id=version,
            form=Form.URI,
        ),
    )


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        (FUNCTION, {"CodeUri": "src/"}),
        (FUNCTION, {"CodeUri": "."}),
        (FUNCTION, {"CodeUri": ""}),
        (FUNCTION, {"CodeUri": 8}),
        (FUNCTION, {"CodeUri": ["s3://bucket/key"]}),
        (FUNCTION, {"CodeUri": "s3://bucket"}),
        (FUNCTION, {"CodeUri": "s3://Not_A_Bucket/key"}),
        (FUNCTION, {"CodeUri": "https://example.com/code.zip"}),
        (FUNCTION, {"CodeUri": "http://169.254.169.254/latest"}),
        (FUNCTION, {"CodeUri": "file:///etc/passwd"}),
        (FUNCTION, {"CodeUri": "https://[::1/key"}),
        (FUNCTION, {"CodeUri": {}}),
        (FUNCTION, {"CodeUri": {"Bucket": "bucket"}}),
        (FUNCTION, {"CodeUri": {"Bucket": "bucket", "Key": ""}}),
        (FUNCTION, {"CodeUri": {"S3Bucket": "bucket", "S3Key": "key"}}),
        (FUNCTION, {"CodeUri": {"Fn::If": ["C", "s3://bucket/key", "src/"]}}),
        (LAYER, {"ContentUri": "layer/"}),
        ("AWS::Lambda::Function", {"Code": "src/"}),
        ("AWS::Lambda::Function", {"Code": {"S3Bucket": "bucket"}}),
        ("AWS::Lambda::LayerVersion", {"Content": "src/"}),
    ],
)
def test_code_outside_of_s3_is_refused_in_the_words_that_clients_parse(
    type_: str, properties: dict[str, object]
) -> None:
    [name] = properties
    with pytest.raises(Invalid, match=rf"^Invalid S3 URI: Resources\.R\.Properties\.{name}"):
        find_assets(one_resource(type_, properties))


@pytest.mark.parametrize(
    ("type_", "properties", "warned"),
    [
        (FUNCTION, {"InlineCode": "pass"}, 0),
        (FUNCTION, {"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"}, 0),
        (FUNCTION, {"CodeUri": None}, 0),
        (FUNCTION, {"CodeUri": {"Ref": "AWS::NoValue"}}, 0),
        (FUNCTION, {"CodeUri": {"Fn::Sub": "s3://${Bucket}/key"}}, 1),
        (FUNCTION, {"CodeUri": {"Bucket": {"Ref": "Bucket"}, "Key": "key"}}, 1),
        (FUNCTION, None, 0),
        (FUNCTION, [], 0),
        ("AWS::Lambda::Function", {"Code": {"ZipFile": "pass"}}, 0),
        ("AWS::Lambda::Function", {"Code": {"ImageUri": "x"}}, 0),
        ("AWS::Lambda::LayerVersion", {"Content": {"S3Bucket": "bucket", "S3Key": {"Ref": "Key"}}}, 1),
        ("AWS::Serverless::StateMachine", {"DefinitionUri": "flow.asl.json"}, 1),
        ("AWS::AppSync::GraphQLSchema", {"DefinitionS3Location": "./schema.graphql"}, 1),
        ("AWS::SSM::Document", {"Content": {"schemaVersion": "2.2"}}, 0),
        ("AWS::S3::Bucket", {"CodeUri": "src/"}, 0),
    ],
)
def test_what_names_no_object_by_literals_is_left_as_it_is(
    type_: str, properties: object, warned: int
) -> None:
    template = one_resource(type_, properties)
    assert find_assets(template) == ()
    assert len(list(asset_warnings(template))) == warned
    assert with_placeholders(template, {}) == template
    assert resolve(template, "deploys", str) == template


def test_both_branches_of_an_if_are_assets() -> None:
    code = {"Fn::If": ["C", "s3://packages/a", {"Fn::If": ["D", "s3://packages/b", {"Ref": "AWS::NoValue"}]}]}
    template = one_resource(FUNCTION, {"CodeUri": code})
    found = find_assets(template)
    assert [one.key for one in found] == ["a", "b"]
    stored = with_placeholders(template, dict(zip(found, [DIGEST, OTHER], strict=True)))
    assert placeholder_digests(stored, known={DIGEST, OTHER}) == (DIGEST, OTHER)
    deployed = resolve(stored, "packages", {DIGEST: "a", OTHER: "b"}.__getitem__)
    assert deployed == template


@pytest.mark.parametrize(
    "code",
    [
        {"Fn::Sub": "s3://packages/a"},
        {"Fn::Sub": ["s3://packages/a", {}]},
        {"Fn::Join": ["/", ["s3:", "", "packages", {"Fn::Sub": "a"}]]},
        {
            "Bucket": {"Fn::Sub": "packages"},
            "Key": {"Fn::Join": ["", ["a"]]},
            "Version": {"Ref": "AWS::NoValue"},
        },
        {"Fn::If": ["C", {"Fn::Sub": "s3://packages/a"}, {"Ref": "AWS::NoValue"}]},
    ],
)
def test_functions_of_literals_name_an_object(code: dict[str, Any]) -> None:
    template = one_resource(FUNCTION, {"CodeUri": code})
    [found] = find_assets(template)
    assert (found.bucket, found.key, found.version_id) == ("packages", "a", None)
    stored = with_placeholders(template, {found: DIGEST})
    assert placeholder_digests(stored, known={DIGEST, OTHER}) == (DIGEST,)
    assert "packages" not in stored.dump()
    assert DIGEST not in resolve(stored, "deploys", lambda _: "key").dump()
    assert list(asset_warnings(template)) == []


@pytest.mark.parametrize(
    "uri",
    [
        "s3://packages/${Name}.zip",
        {"Fn::Sub": "s3://packages/${!Name}"},
        {"Bucket": "packages", "Key": "${Name}"},
    ],
)
def test_what_a_loop_fills_in_is_known_only_at_deployment(uri: object) -> None:
    body = {"Fn${Name}": {"Type": FUNCTION, "Properties": {"CodeUri": uri}}}
    template = Template(document={"Resources": {"Fn::ForEach::Functions": ["Name", ["a", "b"], body]}})
    assert find_assets(template) == ()
    assert len(list(asset_warnings(template))) == 1


def included(location: object, name: str = "AWS::Include") -> dict[str, Any]:
    return {"Fn::Transform": {"Name": name, "Parameters": {"Location": location}}}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"Resources": included("s3://packages/a")}, ("Resources",)),
        ({"Mappings": {"M": included("s3://packages/a")}}, ("Mappings", "M")),
        (included("s3://packages/a"), ()),
        ({"Resources": {"Api": {"Type": "AWS::Serverless::Api", "Properties": {"DefinitionBody": included("s3://packages/a")}}}},
         ("Resources", "Api", "Properties", "DefinitionBody")),
        ({"Resources": {"A": {"Type": "X", "Properties": [[included("s3://packages/a")]]}}},
         ("Resources", "A", "Properties", 0, 0)),
        ({"Outputs": {"O": {"Value": {"Fn::If": ["C", included("s3://packages/a"), 1]}}}},
         ("Outputs", "O", "Value", "Fn::If", 1)),
    ],
)  # fmt: skip
def test_an_included_file_is_an_asset_wherever_it_is_included(
    document: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    template = Template(document=document)
    [found] = find_assets(template)
    assert found.path == (*path, "Fn::Transform", "Parameters", "Location")
    stored = with_placeholders(template, {found: DIGEST})
    assert at(stored, found.path) == f"s3://<%REPO_BUCKET%>/{KEY}"
    assert resolve(stored, "packages", lambda _: "a") == template


@pytest.mark.parametrize("as_list", [True, False])
def test_a_file_included_into_the_whole_template_is_an_asset(as_list: bool) -> None:
    body = included("s3://packages/a")["Fn::Transform"]
    template = Template(document={"Transform": ["AWS::Serverless-2016-10-31", body] if as_list else body})
    [found] = find_assets(template)
    stored = with_placeholders(template, {found: DIGEST})
    assert resolve(stored, "packages", lambda _: "a") == template


def test_each_file_of_a_list_of_includes_is_an_asset() -> None:
    bodies = [included(f"s3://packages/{key}")["Fn::Transform"] for key in "ab"]
    found = find_assets(Template(document={"Mappings": {"Fn::Transform": bodies}}))
    assert [(one.key, one.path[2]) for one in found] == [("a", 0), ("b", 1)]


@pytest.mark.parametrize(
    ("section", "warned"),
    [
        ({"Mappings": included("api.yaml")}, 1),
        ({"Mappings": included({"Fn::Sub": "s3://${Bucket}/a"})}, 1),
        ({"Mappings": included({"Bucket": "packages", "Key": "a"})}, 0),
        ({"Mappings": included("s3://packages/a", name="Mine")}, 0),
        ({"Mappings": {"Fn::Transform": ["AWS::Include", [8], None]}}, 0),
        ({"Metadata": included("s3://packages/a")}, 0),
        ({"Metadata": {"AWS::ServerlessRepo::Application": {"ReadmeUrl": "s3://packages/a"}}}, 0),
    ],
)
def test_what_includes_no_object_by_a_literal_is_left_as_it_is(section: dict[str, Any], warned: int) -> None:
    template = Template(document=section)
    assert find_assets(template) == ()
    assert len(list(asset_warnings(template))) == warned


def test_code_of_the_globals_is_an_asset() -> None:
    template = one_resource(FUNCTION, {}, Globals={"Function": {"CodeUri": "s3://packages/a"}})
    [found] = find_assets(template)
    assert found.path == ("Globals", "Function", "CodeUri")


@pytest.mark.parametrize(
    ("own", "refused"),
    [
        ({}, True),
        ({"Handler": "a.b"}, True),
        ({"CodeUri": "s3://packages/a"}, False),
        ({"InlineCode": "pass"}, False),
        ({"PackageType": "Image", "ImageUri": "x"}, False),
        ({"PackageType": "Image"}, False),
    ],
)
def test_a_local_path_in_the_globals_is_refused_only_where_a_function_takes_it(
    own: dict[str, object], refused: bool
) -> None:
    template = one_resource(FUNCTION, own, Globals={"Function": {"CodeUri": "src/"}})
    if refused:
        with pytest.raises(Invalid, match=r"^Invalid S3 URI: Globals\.Function\.CodeUri"):
            find_assets(template)
    else:
        assert all(found.path[0] == "Resources" for found in find_assets(template))


def test_an_asset_that_two_resources_share_by_alias_is_replaced_in_both_and_the_original_stays() -> None:
    template = parse_template("""
Resources:
  A: {Type: AWS::Serverless::Function, Properties: &same {CodeUri: {Bucket: packages, Key: a, Version: 1}}}
  B: {Type: AWS::Serverless::Function, Properties: *same}
""")
    first, second = find_assets(template)
    assert first.version_id == "1"
    stored = with_placeholders(template, {first: DIGEST, second: OTHER})
    assert placeholder_digests(stored, known={DIGEST, OTHER}) == (DIGEST, OTHER)
    assert "<%" not in template.dump()


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        (FUNCTION, {"CodeUri": f"s3://<%REPO_BUCKET%>/{KEY}"}),
        (FUNCTION, {"CodeUri": {"Bucket": "<%REPO_BUCKET%>", "Key": KEY}}),
        (FUNCTION, {"CodeUri": {"Bucket": "packages", "Key": KEY}}),
        ("AWS::Serverless::StateMachine", {"DefinitionUri": f"s3://<%REPO_BUCKET%>/{KEY}"}),
        ("AWS::Serverless::StateMachine", {"DefinitionUri": {"Bucket": "<%REPO_BUCKET%>", "Key": KEY}}),
        ("AWS::Lambda::Function", {"Code": {"S3Bucket": "<%REPO_BUCKET%>", "S3Key": KEY}}),
        (FUNCTION, {"CodeUri": {"Fn::Sub": f"s3://<%REPO_BUCKET%>/{KEY}"}}),
        (FUNCTION, {"CodeUri": {"Bucket": {"Fn::Sub": "<%REPO_BUCKET%>"}, "Key": {"Fn::Join": ["", [KEY]]}}}),
        ("AWS::Glue::Job", {"Command": {"ScriptLocation": f"s3://<%REPO_BUCKET%>/{KEY}"}}),
        # Computed in part, and so not copied: that must not keep the rest from being looked at.
        (FUNCTION, {"CodeUri": {"Bucket": "<%REPO_BUCKET%>", "Key": KEY, "Version": {"Ref": "V"}}}),
        (
            "AWS::Lambda::Function",
            {"Code": {"S3Bucket": "<%REPO_BUCKET%>", "S3Key": KEY, "S3ObjectVersion": {"Ref": "V"}}},
        ),
        (FUNCTION, {"CodeUri": {"Bucket": {"Ref": "B"}, "Key": KEY}}),
        (
            "X",
            {
                "Fn::Transform": {
                    "Name": "AWS::Include",
                    "Parameters": {"Location": f"s3://<%REPO_BUCKET%>/{KEY}"},
                }
            },
        ),
    ],
)
def test_a_publisher_cannot_write_placeholders(type_: str, properties: dict[str, object]) -> None:
    with pytest.raises(Invalid, match=r"^Invalid S3 URI: .* <% marks the registry's own placeholders"):
        find_assets(one_resource(type_, properties))


def test_a_stored_template_names_only_what_was_published_with_it() -> None:
    template = one_resource(FUNCTION, {"CodeUri": "s3://packages/code.zip"})
    (found,) = find_assets(template)
    stored = with_placeholders(template, {found: DIGEST})
    with pytest.raises(Invalid, match=f"was not published with it: {DIGEST}"):
        placeholder_digests(stored, known={OTHER})


def test_text_elsewhere_that_looks_like_a_placeholder_stays() -> None:
    template = one_resource(
        FUNCTION,
        {"CodeUri": "s3://packages/a", "Description": f"s3://<%REPO_BUCKET%>/{KEY}"},
        Description=f"<%REPO_BUCKET%> {KEY}",
        Globals={"Function": {"Environment": {"Variables": {"A": f"s3://<%REPO_BUCKET%>/{KEY}"}}}},
    )
    [found] = find_assets(template)
    stored = with_placeholders(template, {found: OTHER})
    assert placeholder_digests(stored, known={DIGEST, OTHER}) == (OTHER,)
    assert resolve(stored, "packages", lambda digest: "a") == template


def test_a_part_that_an_intrinsic_names_never_becomes_a_placeholder() -> None:
    template = one_resource(
        FUNCTION, {"CodeUri": {"Bucket": "<%REPO_BUCKET%>", "Key": {"Fn::Sub": f"{KEY}${{A}}"}}}
    )
    with pytest.raises(Invalid, match="<% marks the registry's own placeholders"):
        find_assets(template)
    assert placeholder_digests(template, known=()) == ()
    assert resolve(template, "deploys", str) == template


def test_a_digest_in_another_bucket_is_no_placeholder() -> None:
    template = one_resource(FUNCTION, {"CodeUri": f"s3://packages/{KEY}"})
    assert placeholder_digests(template, known=()) == ()
    assert resolve(template, "deploys", str) == template


def test_the_checksum_of_one_object_is_dropped_with_its_version() -> None:
    place = {"Bucket": "packages", "Key": "api.yaml", "Version": "1", "ETag": "abc"}
    template = one_resource("AWS::ApiGateway::RestApi", {"BodyS3Location": place})
    [found] = find_assets(template)
    stored = with_placeholders(template, {found: DIGEST})
    assert at(stored, found.path) == {"Bucket": "<%REPO_BUCKET%>", "Key": KEY}


@pytest.mark.timeout(30)  # seconds are enough; a search through all for each would take minutes
def test_ten_thousand_assets_do_not_take_their_square() -> None:
    functions = {
        f"F{n}": {"Type": FUNCTION, "Properties": {"CodeUri": f"s3://packages/{n}"}} for n in range(10_000)
    }
    template = Template(document={"Resources": functions})
    found = find_assets(template)
    stored = with_placeholders(template, dict.fromkeys(found, DIGEST))
    assert stored.dump().count(DIGEST) == 10_000
