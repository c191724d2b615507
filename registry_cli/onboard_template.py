"""The role that a consumer's account gives the registry, as a CloudFormation template to launch there."""

from __future__ import annotations

from dataclasses import dataclass

from registry.domain.deployment_inputs import STACK_PREFIX
from registry.services.changesets import session_policy

ROLE = "serverless-registry-deployment"
STACK = "serverless-registry-deployment"


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """`owner` is the account that the registry runs in; `external_id` the registry's word for `account`."""

    partition: str
    stage: str
    owner: str
    account: str
    external_id: str


def role_template(consumer: Consumer) -> dict[str, object]:
    """One role for all regions of the stage: it makes change sets of the registry's stacks and nothing else.

    It executes none, passes no role on, and hands none to CloudFormation: what a stack does, it does with the
    rights of whoever executes the change set.
    """
    rights = session_policy(
        partition=consumer.partition,
        region="*",
        account=consumer.account,
        stack=f"{STACK_PREFIX}*",
        bucket=f"sar-{consumer.stage}-assets-{consumer.owner}-*",
    )
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Lets the serverless registry, stage {consumer.stage}, create change sets here",
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": ROLE,
                    "Description": "The serverless registry creates change sets with it; it executes none",
                    "MaxSessionDuration": 3600,
                    "AssumeRolePolicyDocument": _trust(consumer),
                    "Policies": [{"PolicyName": "change-sets", "PolicyDocument": rights}],
                },
            }
        },
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }


def _trust(consumer: Consumer) -> dict[str, object]:
    registry = f"arn:{consumer.partition}:iam::{consumer.owner}"
    statement = {
        "Effect": "Allow",
        # The account, narrowed to the function's role: a role that is itself the principal is taken for
        # another one once it is made again.
        "Principal": {"AWS": f"{registry}:root"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Condition": {
            "StringEquals": {"sts:ExternalId": consumer.external_id},
            "ArnLike": {"aws:PrincipalArn": f"{registry}:role/sar-{consumer.stage}-sdk-api-*"},
        },
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
