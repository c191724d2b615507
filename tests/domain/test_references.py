"""Which resources use which parameters."""

import pytest

from registry.domain.references import MAX_USES, references, users_of
from registry.domain.resources import resources_of
from registry.domain.templates import parse_template
from registry.errors import Invalid

pytestmark = pytest.mark.unit


def users(text: str) -> dict[str, list[str]]:
    document = parse_template(text).document
    return users_of(document["Parameters"], document, resources_of(document))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"Ref": "A"}, {"A"}),
        ({"Properties": [{"Deep": {"Ref": "A"}}, {"Ref": "B"}]}, {"A", "B"}),
        ({"Fn::Sub": "${A}-${ B }-${AWS::Region}"}, {"A", "B", "AWS::Region"}),
        ({"Fn::Sub": "${!A} $A {A} ${A.Arn} $${B}"}, {"B"}),
        ({"Fn::Sub": ["${A}-${Own}", {"Own": {"Ref": "B"}}]}, {"A", "B"}),
        ({"Fn::Sub": ["${A}"]}, {"A"}),
        ({"Fn::Sub": []}, set()),
        ({"Fn::Sub": {"Ref": "A"}}, {"A"}),
        ({"Fn::Join": ["", [{"Fn::Sub": "${A}"}, "${B}"]]}, {"A"}),
        ({"Fn::FindInMap": ["M", {"Ref": "A"}, {"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "B"}]}]}]},
         {"A", "B"}),
        ({"Fn::Transform": {"Name": "M", "Parameters": {"P": {"Ref": "A"}}}}, {"A"}),
        ({"Ref": ["A"]}, set()),
        ({"Fn::GetAtt": ["A", "Arn"], "DependsOn": "A"}, set()),
        ({"Fn::Sub": "${" * 100_000}, set()),
    ],
)  # fmt: skip
def test_a_reference_is_a_ref_or_a_name_in_a_sub(body: object, named: set[str]) -> None:
    assert references(body) == named


def test_resources_that_use_a_parameter_are_listed_in_the_templates_order() -> None:
    found = users("""
Parameters: {Name: {Type: String}, Unused: {Type: String}}
Outputs: {Out: {Value: !Ref Unused}}
Resources:
  Zebra: {Type: X, Properties: {A: !Ref Name, B: !Sub '${Name}'}}
  Other: {Type: X, Properties: {A: Name}, DependsOn: Name}
  Fn::ForEach::Topics: [T, [a, b], {'Topic${T}': {Type: X, Properties: {A: !Ref Name}}}]
  Apple: {Type: X, Metadata: [!Sub 'x-${Name}']}
""")
    assert found == {"Name": ["Zebra", "Topic${T}", "Apple"], "Unused": []}


CONDITIONS = """
Parameters: {Stage: {Type: String}, Size: {Type: String}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsLarge: !And [!Condition IsProd, !Not [!Equals [!Sub '${Size}', small]]]
  Is: !Or [!Condition Other, !Condition IsLarge]
  Other: !Equals [a, b]
  Round: !Not [!Condition Trip]
  Trip: !And [!Condition Round, !Equals [!Ref Size, x]]
Resources:
  R: {Type: X, %s}
"""


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("Condition: IsProd", ["Stage"]),
        ("Condition: IsLarge", ["Stage", "Size"]),
        ("Condition: Is", ["Stage", "Size"]),
        ("Condition: Other", []),
        ("Condition: Unknown", []),
        ("Condition: Trip", ["Size"]),
        ("Properties: {A: [!If [IsProd, 1, 2]]}", ["Stage"]),
        ("Properties: {A: !If [Other, 1, !If [IsLarge, 1, 2]]}", ["Stage", "Size"]),
        ("Properties: {A: !If [[IsProd], 1, 2], B: !If [], C: !If IsProd}", []),
        ("Properties: {Statement: [{Condition: {StringEquals: IsProd}}]}", []),
        ("Properties: {A: IsProd}", []),
    ],
)
def test_what_a_condition_names_counts_for_the_resources_that_stand_under_it(
    written: str, used: list[str]
) -> None:
    assert [name for name, by in users(CONDITIONS % written).items() if by == ["R"]] == used


def test_what_the_globals_name_counts_for_every_resource_of_their_type() -> None:
    found = users("""
Parameters: {A: {Type: String}, B: {Type: String}, C: {Type: String}}
Conditions: {IsC: !Equals [!Ref C, c]}
Globals:
  Function: {Environment: {Variables: {A: !Ref A, C: !If [IsC, 1, 2]}}}
  HttpApi: {Tags: {B: !Sub 'x${B}'}}
Resources:
  F: {Type: 'AWS::Serverless::Function'}
  Api: {Type: 'AWS::Serverless::HttpApi'}
  Old: {Type: 'AWS::Lambda::Function'}
  G: {Type: 'AWS::Serverless::Function'}
  Rest: {Type: 'AWS::Serverless::Api'}
""")
    assert found == {"A": ["F", "G"], "B": ["Api"], "C": ["F", "G"]}


def test_the_collection_of_a_loop_counts_for_the_resources_that_it_makes() -> None:
    found = users("""
Parameters: {Names: {Type: CommaDelimitedList}, Inner: {Type: CommaDelimitedList}}
Resources:
  Fn::ForEach::Out:
    - N
    - !Ref Names
    - 'T${N}': {Type: X}
      Fn::ForEach::In: [M, !Ref Inner, {'Q${N}${M}': {Type: X}}]
  Z: {Type: X}
""")
    assert found == {"Names": ["T${N}", "Q${N}${M}"], "Inner": ["Q${N}${M}"]}


@pytest.mark.parametrize(
    "sections", ["Globals: [a]", "Globals: {Function: 8}", "Conditions: 8", "Conditions: {A: ~}"]
)
def test_odd_sections_name_nothing(sections: str) -> None:
    text = "Parameters: {P: {}}\nResources: {R: {Type: 'AWS::Serverless::Function', Condition: A}}\n"
    assert users(text + sections) == {"P": []}


@pytest.mark.parametrize(("more", "refused"), [(0, False), (1, True)])
def test_parameters_may_be_used_up_to_the_limit_and_not_more(more: int, refused: bool) -> None:
    parameters = {f"P{n}": {} for n in range(250)}
    everyone = {"Type": "X", "Properties": [{"Ref": name} for name in parameters]}
    resources = {f"R{n}": everyone for n in range(MAX_USES // 250)}
    resources |= {f"M{n}": {"Type": "X", "Properties": [{"Ref": "P0"}]} for n in range(more)}
    document = {"Parameters": parameters, "Resources": resources}
    if refused:
        with pytest.raises(Invalid, match=f"use its parameters more than {MAX_USES} times in all"):
            users_of(parameters, document, resources_of(document))
    else:
        found = users_of(parameters, document, resources_of(document))
        assert sum(map(len, found.values())) == MAX_USES


@pytest.mark.timeout(30)  # what is not linear would take minutes
@pytest.mark.parametrize("shape", ["chain", "star"])
def test_ten_thousand_conditions_do_not_take_their_square(shape: str) -> None:
    conditions = "".join(
        f"  C{n}: !Not [!Condition C{n + 1 if shape == 'chain' else 0}]\n" for n in range(10_000)
    )
    resources = "".join(f"  R{n}: {{Type: X, Condition: C{n}}}\n" for n in range(10_000))
    last = "  C10000: !Equals [!Ref P, a]\n"
    found = users(f"Parameters: {{P: {{}}}}\nConditions:\n{conditions}{last}Resources:\n{resources}")
    assert len(found["P"]) == (10_000 if shape == "chain" else 0)
