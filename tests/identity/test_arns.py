import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.arns import ApplicationArn
from registry.errors import Invalid

pytestmark = pytest.mark.unit

GOOD = "arn:aws:serverlessrepo:us-east-1:123456789012:applications/hello-World2"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "arn:aws-cn:serverlessrepo:cn-north-1:000000000000:applications/a",
        "arn:aws-us-gov:serverlessrepo:us-gov-west-1:123456789012:applications/" + "a" * 140,
    ],
)
def test_an_arn_reads_back_as_it_was_written(text: str) -> None:
    assert str(ApplicationArn.parse(text)) == text


def test_the_parts_are_named() -> None:
    arn = ApplicationArn.parse(GOOD)
    assert arn == ApplicationArn(
        partition="aws", region="us-east-1", account="123456789012", name="hello-World2"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        GOOD + "\n",
        GOOD + "/x",
        GOOD + "~1.0.0",
        GOOD.replace("serverlessrepo", "s3"),
        GOOD.replace("123456789012", "12345678901"),
        GOOD.replace("123456789012", "١23456789012"),
        GOOD.replace("us-east-1", ""),
        GOOD.replace("applications/hello-World2", "applications/"),
        GOOD.replace("hello-World2", "a" * 141),
        GOOD.replace("aws", "azure"),
    ],
)
def test_anything_else_is_invalid(text: str) -> None:
    with pytest.raises(Invalid, match="is not the ARN of an application"):
        ApplicationArn.parse(text)


@given(st.text(max_size=400))
def test_a_refusal_shows_a_bounded_part_of_what_was_sent(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        ApplicationArn.parse(text)
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 200 * 10 + 200
