"""What the tests publish, and how they look at refusals."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

QUEUE = "Resources: {Q: {Type: AWS::SQS::Queue}}"
FUNCTION = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Name: {{Type: String, Default: x, AllowedValues: [x, y], NoEcho: true, MaxLength: 5}}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: '{uri}', Handler: a.b, Runtime: python3.11, FunctionName: !Ref Name}}
  Again:
    Type: AWS::Lambda::Function
    Properties: {{Code: {{S3Bucket: {bucket}, S3Key: {key}}}, Handler: a.b, Runtime: python3.11, Role: r}}
  Role:
    Type: AWS::IAM::Role
    Properties: {{RoleName: mine}}
"""
CODE = b"PK\x03\x04 code"


def create(repo: Any, name: str = "hello", **more: Any) -> Any:
    return repo.create_application(Name=name, Author="Ada", Description="first", **more)


def refused(call: Any, /, **asked: Any) -> tuple[int, str, str]:
    """Status, error type and message."""
    with pytest.raises(ClientError) as error:
        call(**asked)
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]
