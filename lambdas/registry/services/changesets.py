"""Change sets in the caller's own account, through the role that its administrator installed there."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.domain.applications import Dependency
from registry.domain.deployment_inputs import STACK_PREFIX, CreateCloudFormationChangeSet
from registry.domain.deployments import (
    APPLICATION_TAG,
    VERSION_TAG,
    Deployable,
    Onboarding,
    capabilities_told,
    session_name,
)
from registry.domain.policy import Caller
from registry.stores.cloudformation import create_change_set
from registry.stores.deployments import DeploymentStore
from registry.stores.roles import DeploymentSessions, Refused, Session

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True, kw_only=True)
class ChangeSets:
    """`cloudformation` gives a session's client; `url_of` the plain address of a key in the bucket."""

    deployments: DeploymentStore
    sessions: DeploymentSessions
    cloudformation: Callable[[Session], CloudFormationClient]
    onboarding: Onboarding
    bucket: str
    partition: str
    url_of: Callable[[str], str]

    def enter(self, caller: Caller, asked: CreateCloudFormationChangeSet) -> Session:
        """A session in the verified caller's account, for this stack alone.

        Raises Forbidden, saying what to do, where the account lets nobody in.
        """
        account = caller.account
        external_id = self.deployments.external_id(account)
        if external_id is None:
            raise self.onboarding.missing(account)
        policy = session_policy(
            partition=self.partition,
            region=self.onboarding.region,
            account=account,
            stack=STACK_PREFIX + asked.stack_name,
            bucket=self.bucket,
        )
        try:
            return self.sessions.of(
                account, external_id=external_id, caller=session_name(caller.principal), policy=policy
            )
        except Refused as refused:
            raise self.onboarding.missing(account) from refused

    def create(
        self,
        session: Session,
        asked: CreateCloudFormationChangeSet,
        deployed: Dependency,
        content: Deployable,
    ) -> tuple[str, str]:
        """ARNs of change set and stack. Raises as `stores.cloudformation.create_change_set` does."""
        members = _members(asked, deployed)
        members["TemplateURL"] = self.url_of(content.document_key)
        members["Capabilities"] = [*capabilities_told(asked.capabilities, sam_alone=content.sam_alone)]
        return create_change_set(self.cloudformation(session), members)


def session_policy(*, partition: str, region: str, account: str, stack: str, bucket: str) -> object:
    """What the role may do for one change set; the role itself says the same for all of them."""
    stacks = f"arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow(
                stacks,
                "cloudformation:CreateChangeSet",
                "cloudformation:DescribeChangeSet",
                "cloudformation:DescribeStacks",
                "cloudformation:TagResource",
            ),
            # A change set of a template with macros needs it for each of them.
            _allow(f"arn:{partition}:cloudformation:*:aws:transform/*", "cloudformation:CreateChangeSet"),
            _allow(f"arn:{partition}:s3:::{bucket}/deploy/{account}/*", "s3:GetObject"),
            _allow("*", "ssm:GetParameters"),
        ],
    }


def _allow(resource: str, *actions: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": [*actions], "Resource": resource}


def _members(asked: CreateCloudFormationChangeSet, deployed: Dependency) -> dict[str, Any]:
    """CreateChangeSet's members but template and capabilities."""
    given: dict[str, Any] = {
        "StackName": STACK_PREFIX + asked.stack_name,
        "ChangeSetName": asked.change_set_name or _name(asked),
        "ClientToken": asked.client_token,
        "Description": asked.description,
        "NotificationARNs": [*asked.notification_arns],
        "ResourceTypes": [*asked.resource_types],
        "Parameters": [
            {"ParameterKey": one.name, "ParameterValue": one.value} for one in asked.parameter_overrides
        ],
        "Tags": [
            {"Key": APPLICATION_TAG, "Value": deployed.application_id},
            {"Key": VERSION_TAG, "Value": deployed.semantic_version},
            *({"Key": one.key, "Value": one.value} for one in asked.tags),
        ],
        "RollbackConfiguration": _rollback(asked),
    }
    return {member: value for member, value in given.items() if value}


def _rollback(asked: CreateCloudFormationChangeSet) -> dict[str, Any]:
    said = asked.rollback_configuration
    if said is None:
        return {}
    minutes = said.monitoring_time_in_minutes
    triggers = [{"Arn": one.arn, "Type": one.type} for one in said.rollback_triggers]
    return {
        **({"MonitoringTimeInMinutes": minutes} if minutes is not None else {}),
        "RollbackTriggers": triggers,
    }


def _name(asked: CreateCloudFormationChangeSet) -> str:
    """A change set's name. Whoever repeats a request by its token means the same change set."""
    if asked.client_token is None:
        return STACK_PREFIX + str(uuid.uuid4())
    return STACK_PREFIX + hashlib.sha256(asked.client_token.encode()).hexdigest()[:32]
