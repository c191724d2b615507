"""A repository with one application, as its API answers; change sets are the emulator's CloudFormation's."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

APPLICATION = "arn:aws:serverlessrepo:us-east-1:123456789012:applications/case"
LATEST = "1.1.0"
RESOURCE_POLICY = "CAPABILITY_RESOURCE_POLICY"


def template(version: str) -> str:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Text"}}}
    return json.dumps(
        {
            "Description": version,
            "Parameters": {"Text": {"Type": "String", "Default": "none"}},
            "Resources": {"Topic": topic},
            "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}},
        }
    )


def behind_the_back(cloudformation: Any, stack: str, **parameters: str) -> None:
    """Give a stack other parameters without the repository."""
    [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    cloudformation.update_stack(
        StackName=stack,
        TemplateBody=template("else"),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Tags=found["Tags"],
    )
    cloudformation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


@contextmanager
def serving_repository(cloudformation: Callable[[], Any]) -> Iterator[str]:
    """Its URL."""

    class Handler(_Handler):
        client = staticmethod(cloudformation)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    client: Callable[[], Any]

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        if unquote(urlsplit(self.path).path) != f"/applications/{APPLICATION}":
            self._answer(404, {"errorCode": "404", "message": "no such application"}, "NotFoundException")
            return
        version = asked.get("semanticVersion", [LATEST])[0]
        parameter = {"name": "Text", "defaultValue": "none", "referencedByResources": ["Topic"]}
        about = {
            "applicationId": APPLICATION,
            "creationTime": "2026-01-01T00:00:00Z",
            "parameterDefinitions": [parameter],
            "requiredCapabilities": [RESOURCE_POLICY],
            "resourcesSupported": True,
            "semanticVersion": version,
            "templateUrl": f"https://example.com/{version}",
        }
        self._answer(
            200,
            {
                "applicationId": APPLICATION,
                "author": "me",
                "description": "d",
                "name": "case",
                "version": about,
            },
        )

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if RESOURCE_POLICY not in body["capabilities"]:
            message = f"Requires capabilities: [{RESOURCE_POLICY}]"
            self._answer(400, {"errorCode": "400", "message": message}, "BadRequestException")
            return
        version = body.get("semanticVersion", LATEST)
        own = {"serverlessrepo:applicationId": APPLICATION, "serverlessrepo:semanticVersion": version}
        tags = {tag["key"]: tag["value"] for tag in body.get("tags", ())} | own
        client, name = self.client(), f"serverlessrepo-{body['stackName']}"
        made = client.create_change_set(
            StackName=name,
            ChangeSetName=f"a{uuid.uuid4().hex}",
            ChangeSetType="UPDATE" if self._exists(client, name) else "CREATE",
            TemplateBody=template(version),
            Parameters=[
                {"ParameterKey": p["name"], "ParameterValue": p["value"]}
                for p in body.get("parameterOverrides", ())
            ],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
        told = {"changeSetId": made["Id"], "stackId": made["StackId"], "semanticVersion": version}
        self._answer(201, {"applicationId": APPLICATION, **told})

    def _exists(self, client: Any, name: str) -> bool:
        stacks = client.list_stacks()["StackSummaries"]
        return any(s["StackName"] == name and s["StackStatus"] != "DELETE_COMPLETE" for s in stacks)

    def _answer(self, status: int, body: dict[str, Any], error: str = "") -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if error:
            self.send_header("x-amzn-ErrorType", error)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass
