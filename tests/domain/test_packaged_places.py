"""Our table of places against those that the packaging tools themselves rewrite."""

import json
import subprocess
from pathlib import Path

import pytest

from registry.domain.asset_places import PLACES

pytestmark = pytest.mark.e2e  # asks the real clients, which `make clients` installs

VENVS = Path(__file__).resolve().parents[2] / ".local" / "venvs"
# Templates, which are no assets (domain/nested.py), images and the names of their repositories.
TEMPLATES = {
    ("AWS::CloudFormation::Stack", "TemplateURL"),
    ("AWS::CloudFormation::StackSet", "TemplateURL"),
    ("AWS::Serverless::Application", "Location"),
}
OURS = {(type_, place.keys) for type_, places in PLACES.items() for place in places}

AWS_CLI = """
from awscli.customizations.cloudformation.artifact_exporter import RESOURCES_EXPORT_LIST as every
print(json.dumps([[one.RESOURCE_TYPE, one.PROPERTY_NAME] for one in every]))
"""
SAM_CLI = """
from samcli.lib.utils.resources import RESOURCES_WITH_LOCAL_PATHS as every
print(json.dumps([[type_, name] for type_, names in every.items() for name in names]))
"""


@pytest.mark.parametrize(("client", "program"), [("aws-cli", AWS_CLI), ("sam-cli", SAM_CLI)])
def test_every_property_that_a_client_packages_has_a_place(client: str, program: str) -> None:
    python = VENVS / client / "bin" / "python"
    asked = subprocess.run(
        [python, "-c", f"import json\n{program}"], capture_output=True, text=True, check=True, timeout=60
    )
    theirs = {(type_, name) for type_, name in json.loads(asked.stdout.splitlines()[-1])}
    assert len(theirs) > 15
    missing = {
        (type_, name)
        for type_, name in theirs - TEMPLATES
        if not any(ours == type_ and _within(name, keys) for ours, keys in OURS)
    }
    assert missing == set()


def _within(name: str, keys: tuple[str, ...]) -> bool:
    """`Command.ScriptLocation` is that path; SAM CLI names the parts of a GraphQLApi by their last word."""
    wanted = tuple(name.split("."))
    return wanted in (keys, keys[-len(wanted) :])
