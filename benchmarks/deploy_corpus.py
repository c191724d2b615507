"""Deploy real applications through the running stack, and compare what SAM makes of them before and after.

    python benchmarks/deploy_corpus.py [--applications 200] [--env .local/env] [--json]

The publisher publishes each and shares it with the consumer, who has a template made of it:
aws-sam-translator translates what was handed in and what comes out, and both must agree but for where the
code lies. Then the consumer has a change set made and executes it. Parameters without a default get a made-up
value. An application that does not reach CREATE_COMPLETE is deployed once more without the registry, from the
translated original: `elsewhere too` says that this fails as well. Needs a running `make up`.
Exit status 1 when one that translates before does not afterwards, or fails through the registry alone.
"""

import argparse
import io
import json
import logging
import re
import sys
import time
import urllib.request
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.exceptions import ClientError
from rich.console import Console
from rich.progress import track
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from tests.e2e.service import owner_account
from tests.support.corpus import applications, prepared
from tests.support.onboarding import onboard
from tests.support.stack import CONSUMER, DeployedStack, emptied, read_env

PREFIX = "deploy-"
CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND", "CAPABILITY_RESOURCE_POLICY"]
UNKNOWN = "Unrecognized resource types"
MADE_UP = {
    "Number": "1",
    "CommaDelimitedList": "a,b",
    "List<Number>": "1,2",
    "AWS::EC2::VPC::Id": "vpc-12345678",
    "AWS::EC2::Subnet::Id": "subnet-12345678",
    "List<AWS::EC2::Subnet::Id>": "subnet-12345678,subnet-87654321",
    "AWS::EC2::SecurityGroup::Id": "sg-12345678",
    "List<AWS::EC2::SecurityGroup::Id>": "sg-12345678",
}
PATIENCE_S = 60
_ADDRESSES = ("S3Bucket", "S3Key", "Bucket", "Key")
_DIGEST = re.compile(r"[0-9a-f]{10}\b")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`before`, `after`: it translates. `end`: how its deployment ended; `why` it did not succeed."""

    name: str
    before: bool
    after: bool = False
    equal: bool = False
    end: str = "not published"
    why: str = ""


class Deployment:
    def __init__(self, stack: DeployedStack) -> None:
        self.publisher = stack.client("serverlessrepo")
        self.consumer = stack.client("serverlessrepo", CONSUMER)
        self.cloudformation = stack.client("cloudformation", CONSUMER)
        self.account = stack.account(CONSUMER)
        self.bucket = stack.packaging_bucket("deploy")
        self.code = {"publisher": f"s3://{self.bucket}/stub.zip"}
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("app.py", "def handler(event, context):\n    return 'stub'\n")
        stack.client("s3").put_object(Bucket=self.bucket, Key="stub.zip", Body=content.getvalue())
        # The control deploys the same code out of a bucket of the consumer's own.
        self.own_bucket = stack.packaging_bucket("control", CONSUMER)
        stack.client("s3", CONSUMER).put_object(
            Bucket=self.own_bucket, Key="stub.zip", Body=content.getvalue()
        )

    def run(self, app: dict[str, Any]) -> Outcome:
        asked = prepared(app, self.bucket, "stub.zip")
        name = f"{PREFIX}{app['name']}"[:100]
        before = translated(yaml_parse(asked["template"]))
        try:
            arn = self._publish(name, asked)
        except ClientError as error:
            return Outcome(name=name, before=before is not None, why=str(error))
        details = self.consumer.create_cloud_formation_template(ApplicationId=arn)
        with urllib.request.urlopen(details["TemplateUrl"], timeout=10) as answer:
            document = json.loads(answer.read())
        after = translated(document)
        end, why = self._deploy(arn, name, details["TemplateId"], asked["template"])
        if end == "failed" and before is None:
            end = "does not translate"
        elif end == "failed":
            end = self._control(name, prepared(app, self.own_bucket, "stub.zip")["template"]) or "failed"
        return Outcome(
            name=name,
            before=before is not None,
            after=after is not None,
            equal=plain(before) == plain(after),
            end=end,
            why=why,
        )

    def _publish(self, name: str, asked: dict[str, Any]) -> str:
        made = self.publisher.create_application(
            Name=name,
            Author=asked["author"],
            Description=asked["description"],
            SemanticVersion="1.0.0",
            TemplateBody=asked["template"],
        )
        arn = str(made["ApplicationId"])
        share = {"Actions": ["Deploy"], "Principals": [self.account]}
        self.publisher.put_application_policy(ApplicationId=arn, Statements=[share])
        return arn

    def _deploy(self, arn: str, name: str, template_id: str, text: str) -> tuple[str, str]:
        try:
            made = self.consumer.create_cloud_formation_change_set(
                ApplicationId=arn,
                StackName=name,
                TemplateId=template_id,
                Capabilities=CAPABILITIES,
                ParameterOverrides=[{"Name": key, "Value": value} for key, value in values(text).items()],
            )
        except ClientError as error:
            return ("unknown types" if UNKNOWN in str(error) else "failed"), str(error)
        try:
            self.cloudformation.execute_change_set(ChangeSetName=made["ChangeSetId"])
            return self._end(made["StackId"])
        except ClientError as error:
            return "failed", str(error)
        finally:
            self.cloudformation.delete_stack(StackName=made["StackId"])

    def _end(self, stack: str) -> tuple[str, str]:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            [found] = self.cloudformation.describe_stacks(StackName=stack)["Stacks"]
            if not found["StackStatus"].endswith("IN_PROGRESS"):
                if found["StackStatus"] == "CREATE_COMPLETE":
                    return "complete", ""
                events = self.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
                reasons = [one.get("ResourceStatusReason", "") for one in events]
                return "failed", next((one for one in reversed(reasons) if one), found["StackStatus"])
            time.sleep(0.1)
        return "failed", f"not done after {PATIENCE_S} s"

    def _control(self, name: str, text: str) -> str:
        """`elsewhere too` when CloudFormation alone, given what SAM makes of the original, fails as well."""
        document = translated(yaml_parse(text))
        stack = f"control-{name}"
        parameters = [{"ParameterKey": key, "ParameterValue": one} for key, one in values(text).items()]
        try:
            made = self.cloudformation.create_stack(
                StackName=stack,
                TemplateBody=json.dumps(document, default=str),
                Parameters=parameters,
                Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
            end, _ = self._end(made["StackId"])
        except ClientError:
            return "elsewhere too"
        finally:
            self.cloudformation.delete_stack(StackName=stack)
        return "elsewhere too" if end == "failed" else ""


def translated(document: Any) -> Any:
    """What aws-sam-translator makes of it; None when it refuses."""
    session = boto3.Session(region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    try:
        return Translator({}, Parser(), boto_session=session).translate(document, {})
    except Exception:  # its errors have no common base
        return None


def plain(document: Any) -> Any:
    """A translated template without what follows from where code lies: addresses, and the digests of them in
    the logical ids of layers and versions. Dates are the texts that they were.
    """
    if isinstance(document, dict):
        return {
            _DIGEST.sub("#", str(key)): "code" if key in _ADDRESSES else plain(value)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [plain(one) for one in document]
    if isinstance(document, bool | int | float) or document is None:
        return document
    return "code" if str(document).startswith("s3://") else _DIGEST.sub("#", str(document))


class _Texts(yaml.CSafeLoader):
    """Reads unknown tags as nothing."""


_Texts.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def values(template: str) -> dict[str, str]:
    """A made-up value for each parameter without a default."""
    found: dict[str, str] = {}
    for name, said in (yaml.load(template, Loader=_Texts).get("Parameters") or {}).items():
        if "Default" not in said:
            allowed = said.get("AllowedValues")
            value = str(allowed[0]) if allowed else MADE_UP.get(said.get("Type", "String"), "made-up-value")
            found[name] = value
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--applications", type=int, default=200)
    parser.add_argument("--env", type=Path, default=Path(".local/env"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)  # the translator tells of its metrics
    stack = DeployedStack(settings=read_env(asked.env))
    onboard(stack, CONSUMER, owner_account())
    console = Console(stderr=True)
    quiet = asked.json or not console.is_terminal
    with emptied(stack.client("serverlessrepo"), PREFIX):
        deployment = Deployment(stack)
        chosen = applications()[: asked.applications]
        outcomes = [deployment.run(app) for app in track(chosen, "deploying", console=console, disable=quiet)]
    return report(outcomes, as_json=asked.json)


def report(outcomes: list[Outcome], *, as_json: bool) -> int:
    published = [one for one in outcomes if one.end != "not published"]
    before = [one for one in published if one.before]
    lost = [one for one in before if not one.after]
    ends = Counter(one.end for one in before)
    result = {
        "applications": len(outcomes),
        "published": len(published),
        "translate_before": len(before),
        "translate_after": len(before) - len(lost),
        "translate_equal": sum(one.equal for one in before),
        "known_types": len(before) - ends["unknown types"],
        "complete": ends["complete"],
        "fail_elsewhere_too": ends["elsewhere too"],
        "fail_here_alone": ends["failed"],
    }
    if as_json:
        print(json.dumps(result))
    else:
        for one in outcomes:
            if one.end != "complete" or (one.before and not one.equal):
                print(f"{one.name}: {one.end}, equal={one.equal} {one.why[:300]}")
        print(result)
    return 1 if lost or ends["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
