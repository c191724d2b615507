"""IAM: roles, their inline policies and the managed policies attached to them. Global: no region."""

from localcloud.provider.description import EVERYTHING, Call, Description, Step, Tags
from localcloud.provider.job import Job
from localcloud.provider.values import same_policy


def _boundary(job: Job) -> None:
    boundary = job.properties.get("permissionsBoundary")
    if boundary:
        job.client.put_role_permissions_boundary(RoleName=job.id, PermissionsBoundary=boundary)
    else:
        job.client.delete_role_permissions_boundary(RoleName=job.id)


def _delete_role(job: Job) -> None:
    """IAM refuses to delete a role that has policies; `forceDetachPolicies` takes them away first."""
    if job.properties.get("forceDetachPolicies"):
        for attached in job.client.list_attached_role_policies(RoleName=job.id)["AttachedPolicies"]:
            job.client.detach_role_policy(RoleName=job.id, PolicyArn=attached["PolicyArn"])
        for name in job.client.list_role_policies(RoleName=job.id)["PolicyNames"]:
            job.client.delete_role_policy(RoleName=job.id, PolicyName=name)
    job.client.delete_role(RoleName=job.id)


_PUT_POLICY = Call(operation="put_role_policy", sends=EVERYTHING)

DESCRIPTIONS = (
    Description(
        token="aws:iam/role:Role",  # noqa: S106
        service="iam",
        id="{name}",
        create=Call(operation="create_role", sends=EVERYTHING, pick="Role"),
        read=(Call(operation="get_role", params={"RoleName": "{id}"}, pick="Role"),),
        steps=(
            Step(
                properties=("description", "maxSessionDuration"),
                action=Call(
                    operation="update_role", sends=("name", "description", "maxSessionDuration"), clears=True
                ),
            ),
            Step(
                properties=("assumeRolePolicy",),
                action=Call(
                    operation="update_assume_role_policy",
                    params={"RoleName": "{id}", "PolicyDocument": "{assumeRolePolicy}"},
                ),
            ),
            Step(properties=("permissionsBoundary",), action=_boundary),
        ),
        delete=_delete_role,
        members={
            "name": "RoleName",
            "assumeRolePolicy": "AssumeRolePolicyDocument",
            "permissionsBoundary": "PermissionsBoundary",
        },
        outputs={"arn": "Arn", "uniqueId": "RoleId", "createDate": "CreateDate"},
        tags=Tags(read="list_role_tags", write="tag_role", drop="untag_role", by={"RoleName": "{id}"}),
        local=frozenset({"forceDetachPolicies"}),
        same={"assumeRolePolicy": same_policy},
    ),
    Description(
        token="aws:iam/rolePolicy:RolePolicy",  # noqa: S106
        service="iam",
        id="{role}:{name}",
        create=_PUT_POLICY,
        read=(Call(operation="get_role_policy", params={"RoleName": "{role}", "PolicyName": "{name}"}),),
        steps=(Step(properties=("policy",), action=_PUT_POLICY),),
        delete=Call(operation="delete_role_policy", params={"RoleName": "{role}", "PolicyName": "{name}"}),
        members={"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
        same={"policy": same_policy},
    ),
    Description(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",  # noqa: S106
        service="iam",
        id="{role}/{policyArn}",
        create=Call(operation="attach_role_policy", sends=EVERYTHING),
        read=(
            Call(
                operation="list_attached_role_policies",
                params={"RoleName": "{role}"},
                every=True,
                pick="AttachedPolicies[?PolicyArn=='{policyArn}'] | [0]",
            ),
        ),
        delete=Call(
            operation="detach_role_policy", params={"RoleName": "{role}", "PolicyArn": "{policyArn}"}
        ),
        members={"role": "RoleName"},
    ),
)
