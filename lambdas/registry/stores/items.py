"""The form of an application and of a version in the entity table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from registry.domain.applications import Application, Dependency, Intervention, TakenDown, Version
from registry.domain.arns import ApplicationArn
from registry.domain.statements import Statement
from registry.domain.versions import sort_key
from registry.errors import Invalid
from registry.stores.attributes import Attributes, from_item, to_item

MAX_ITEM_BYTES = 390_000  # DynamoDB's 400 KB, less the keys and the overhead of nested values


def application_key(arn: ApplicationArn) -> Attributes:
    return to_item({"PK": f"ACCOUNT#{arn.account}", "SK": f"APP#{arn.name}"})


def version_key(application_id: str, semantic_version: str) -> Attributes:
    return to_item({"PK": f"APP#{application_id}", "SK": f"VERSION#{sort_key(semantic_version)}"})


def application_item(application: Application) -> Attributes:
    return application_key(application.arn) | to_item(
        {
            "kind": "application",
            "id": application.id,
            "rev": application.rev,
            "author": application.author,
            "description": application.description,
            "labels": application.labels,
            "createdAt": application.created_at,
            "homePageUrl": application.home_page_url,
            "spdxLicenseId": application.spdx_license_id,
            "licenseDigest": application.license_digest,
            "readmeDigest": application.readme_digest,
            "policy": policy_value(application.policy) or None,
        }
    )


def policy_value(statements: Sequence[Statement]) -> list[dict[str, object]]:
    """An application's attribute `policy`."""
    return [one.as_member() for one in statements]


def version_item(application_id: str, version: Version, *, account: str) -> Attributes:
    """`account`: the owner, whose usage counts the version's bytes."""
    values: dict[str, object] = {
        "kind": "version",
        "account": account,
        "semanticVersion": version.semantic_version,
        "templateDigest": version.template_digest,
        "contentDigest": version.content_digest,
        "createdAt": version.created_at,
        # As text: a template's numbers may have more digits than DynamoDB's.
        "parameters": json.dumps(version.parameters, ensure_ascii=False, separators=(",", ":")),
        "requiredCapabilities": version.required_capabilities,
        "dependencies": [
            {"applicationId": one.application_id, "semanticVersion": one.semantic_version}
            for one in version.dependencies
        ],
        "assets": version.asset_digests,
        "resourceTypes": version.resource_types,
        "storedBytes": version.stored_bytes,
        "sourceCodeUrl": version.source_code_url,
        "sourceArchiveDigest": version.source_archive_digest,
        "warnings": version.warnings,
    }
    size = len(json.dumps(values, ensure_ascii=False).encode())
    if size > MAX_ITEM_BYTES:
        raise Invalid(
            f"The template's parameters, nested applications and code references take {size} bytes in all, "
            f"{MAX_ITEM_BYTES} allowed: shorten the parameters' descriptions and allowed values"
        )
    return version_key(application_id, version.semantic_version) | to_item(values)


def to_version(item: Attributes) -> Version:
    values = from_item(item)
    return Version(
        semantic_version=values["semanticVersion"],
        template_digest=values["templateDigest"],
        content_digest=values["contentDigest"],
        created_at=values["createdAt"],
        parameters=tuple(json.loads(values["parameters"])),
        required_capabilities=tuple(values["requiredCapabilities"]),
        dependencies=tuple(
            Dependency(application_id=one["applicationId"], semantic_version=one["semanticVersion"])
            for one in values["dependencies"]
        ),
        asset_digests=tuple(values["assets"]),
        resource_types=tuple(values.get("resourceTypes", ())),
        stored_bytes=int(values.get("storedBytes", 0)),
        source_code_url=values.get("sourceCodeUrl"),
        source_archive_digest=values.get("sourceArchiveDigest"),
        warnings=tuple(values["warnings"]),
    )


def owner_and_name(item: Attributes) -> tuple[str, str]:
    """Account and name, out of an application's key."""
    return item["PK"]["S"].removeprefix("ACCOUNT#"), item["SK"]["S"].removeprefix("APP#")


def to_application(item: Attributes, arn: ApplicationArn) -> Application:
    values = from_item(item)
    return Application(
        arn=arn,
        id=values["id"],
        rev=values["rev"],
        author=values["author"],
        description=values["description"],
        labels=tuple(values["labels"]),
        created_at=values["createdAt"],
        home_page_url=values.get("homePageUrl"),
        spdx_license_id=values.get("spdxLicenseId"),
        license_digest=values.get("licenseDigest"),
        readme_digest=values.get("readmeDigest"),
        policy=tuple(map(_statement, values.get("policy", ()))),
        unshared_organizations=tuple(values.get("unsharedOrganizations", ())),
        taken_down=TakenDown(**values["takenDown"]) if values.get("takenDown") else None,
        history=tuple(Intervention(**one) for one in values.get("history", ())),
    )


def _statement(said: Mapping[str, Any]) -> Statement:
    return Statement(
        actions=tuple(said["actions"]),
        principals=tuple(said["principals"]),
        principal_org_ids=tuple(said.get("principalOrgIDs", ())),
        statement_id=said["statementId"],
    )
