"""Applications to deploy."""

import json
from typing import Any

from tests.wire.asking import CODE, create
from tests.wire.service import Service

SAM = "AWS::Serverless-2016-10-31"


def queue(name: str = "Q") -> str:
    return json.dumps({"Resources": {name: {"Type": "AWS::SQS::Queue"}}})


def function(service: Service, code: bytes = CODE) -> str:
    """A SAM template with code of its own, one object for each `code`."""
    uri = service.upload(f"{len(code)}-{hash(code)}.zip", code)
    properties = {"CodeUri": uri, "Handler": "a.b", "Runtime": "python3.11"}
    return json.dumps(
        {
            "Transform": SAM,
            "Resources": {"Hello": {"Type": "AWS::Serverless::Function", "Properties": properties}},
        }
    )


def nesting(*applications: str, version: str = "1.0.0", **more: Any) -> str:
    """A template that nests these applications by their ARNs."""
    resources = {
        f"App{place}": {
            "Type": "AWS::Serverless::Application",
            "Properties": {"Location": {"ApplicationId": arn, "SemanticVersion": version}},
        }
        for place, arn in enumerate(applications)
    }
    return json.dumps({"Transform": SAM, "Resources": {**resources, **more}})


def publish(repo: Any, name: str, body: str, version: str = "1.0.0") -> str:
    """The application's ARN."""
    made = create(repo, name=name, SemanticVersion=version, TemplateBody=body)
    return str(made["ApplicationId"])
