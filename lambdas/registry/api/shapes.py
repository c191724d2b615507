"""What goes out: the API's data types (serverlessrepo-api.md §3). A member without a value is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from registry.domain.applications import Application, Dependency, Release, Version, VersionOf
from registry.domain.arns import ApplicationArn
from registry.domain.deployments import ChangeSet, TemplateOf
from registry.domain.resources import unsupported
from registry.domain.statements import Statement
from registry.services.reading import Listing

Shape = dict[str, Any]


class Shapes:
    """`document_url` and `blob_url` turn a digest into a URL that a plain GET can fetch.

    `allowed_resource_types`: the operator's list of this region, as it is today; empty allows all.
    """

    def __init__(
        self,
        *,
        document_url: Callable[[str], str],
        blob_url: Callable[[str], str],
        allowed_resource_types: Sequence[str] = (),
    ) -> None:
        self._document_url = document_url
        self._blob_url = blob_url
        self._allowed_resource_types = allowed_resource_types

    def release(self, release: Release) -> Shape:
        application, version = release.application, release.version
        return _given(
            **_summary(application),
            isVerifiedAuthor=False,
            licenseUrl=self._document(application.license_digest),
            readmeUrl=self._document(application.readme_digest),
            version=version and self._version(application.arn, version),
        )

    def version(self, found: VersionOf) -> Shape:
        return self._version(found.arn, found.version)

    def applications(self, listing: Listing[Application]) -> Shape:
        summaries = [_summary(application) for application in listing.entities]
        return _given(applications=summaries, nextToken=listing.next_token)

    def versions(self, listing: Listing[VersionOf]) -> Shape:
        summaries = [_version_summary(found.arn, found.version) for found in listing.entities]
        return _given(versions=summaries, nextToken=listing.next_token)

    def dependencies(self, listing: Listing[Dependency]) -> Shape:
        nested = [
            {"applicationId": one.application_id, "semanticVersion": one.semantic_version}
            for one in listing.entities
        ]
        return _given(dependencies=nested, nextToken=listing.next_token)

    def policy(self, statements: Sequence[Statement]) -> Shape:
        return {"statements": [one.as_member() for one in statements]}

    def template(self, found: TemplateOf) -> Shape:
        template = found.template
        return {
            "applicationId": str(found.arn),
            "creationTime": template.created_at,
            "expirationTime": template.valid_until,
            "semanticVersion": template.semantic_version,
            "status": found.status,
            "templateId": template.id,
            "templateUrl": found.url,
        }

    def change_set(self, made: ChangeSet) -> Shape:
        return {
            "applicationId": str(made.arn),
            "changeSetId": made.id,
            "semanticVersion": made.semantic_version,
            "stackId": made.stack_id,
        }

    def _version(self, arn: ApplicationArn, version: Version) -> Shape:
        archive = version.source_archive_digest
        return _given(
            **_version_summary(arn, version),
            parameterDefinitions=list(version.parameters),
            requiredCapabilities=list(version.required_capabilities),
            resourcesSupported=not unsupported(version.resource_types, self._allowed_resource_types),
            templateUrl=self._document(version.template_digest),
            sourceCodeArchiveUrl=archive and self._blob_url(archive),
        )

    def _document(self, digest: str | None) -> str | None:
        return digest and self._document_url(digest)


def _summary(application: Application) -> Shape:
    return _given(
        applicationId=str(application.arn),
        author=application.author,
        creationTime=application.created_at,
        description=application.description,
        homePageUrl=application.home_page_url,
        labels=list(application.labels),
        name=application.arn.name,
        spdxLicenseId=application.spdx_license_id,
    )


def _version_summary(arn: ApplicationArn, version: Version) -> Shape:
    return _given(
        applicationId=str(arn),
        creationTime=version.created_at,
        semanticVersion=version.semantic_version,
        sourceCodeUrl=version.source_code_url,
    )


def _given(**members: Any) -> Shape:
    return {member: value for member, value in members.items() if value is not None}
