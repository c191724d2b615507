"""What anybody with the right to may read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from registry.domain.applications import Application, Dependency, Release, Version, VersionOf
from registry.domain.inputs import (
    GetApplication,
    ListApplicationDependencies,
    ListApplications,
    ListApplicationVersions,
)
from registry.domain.pages import open_token, seal
from registry.domain.policy import Caller, authorise, authorise_account
from registry.errors import NotFound
from registry.services.dependencies import Dependencies, place
from registry.stores.applications import ApplicationStore

Entity = TypeVar("Entity", Application, VersionOf, Dependency)


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[Entity]):
    """`next_token` is None on the last page."""

    entities: tuple[Entity, ...]
    next_token: str | None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """`page_key` gives the 32 bytes that seal page tokens; it is asked only where a token is."""

    applications: ApplicationStore
    dependencies: Dependencies
    page_key: Callable[[], bytes]
    now: Callable[[], datetime]

    def get(self, caller: Caller, asked: GetApplication) -> Release:
        """Two reads. Without a version asked for: the newest by precedence, if there is one.

        Raises NotFound for a version that does not exist.
        """
        found = self.applications.find(asked.arn)
        application = authorise(caller, "GetApplication", asked.arn, found)
        if asked.semantic_version is None:
            newest = self.applications.newest_version(application.id)
            return Release(application=application, version=newest)
        return Release(application=application, version=self._version(application, asked.semantic_version))

    def list(self, caller: Caller, asked: ListApplications) -> Listing[Application]:
        """The caller's own applications and no others, in order of their names. One query."""
        resource = str(self.applications.arn(caller.account, "*"))
        authorise_account(caller, "ListApplications", resource)
        after = self._open(asked.next_token, "ListApplications", caller, subject="")
        page = self.applications.list(caller.account, limit=asked.max_items, after=after)
        token = self._seal(page.resume, "ListApplications", caller, subject="")
        return Listing(entities=page.entities, next_token=token)

    def list_versions(self, caller: Caller, asked: ListApplicationVersions) -> Listing[VersionOf]:
        """Lowest precedence first. One read and one query."""
        found = self.applications.find(asked.arn)
        application = authorise(caller, "ListApplicationVersions", asked.arn, found)
        # The id as well: a token does not outlive the application it was given for.
        subject = f"{application.arn} {application.id}"
        after = self._open(asked.next_token, "ListApplicationVersions", caller, subject)
        page = self.applications.list_versions(application.id, limit=asked.max_items, after=after)
        versions = tuple(VersionOf(arn=application.arn, version=one) for one in page.entities)
        token = self._seal(page.resume, "ListApplicationVersions", caller, subject)
        return Listing(entities=versions, next_token=token)

    def list_dependencies(self, caller: Caller, asked: ListApplicationDependencies) -> Listing[Dependency]:
        """Nested applications and what they nest. Two reads, and two for each that is looked into.

        A page goes on with the version that the first one began with, though a newer one may have come.
        """
        found = self.applications.find(asked.arn)
        application = authorise(caller, "ListApplicationDependencies", asked.arn, found)
        subject = f"{application.arn} {application.id} {asked.semantic_version or ''}"
        after = self._open(asked.next_token, "ListApplicationDependencies", caller, subject)
        begun, *last = after.split(" ") if after is not None else [asked.semantic_version or ""]
        if begun:
            version = self._version(application, begun)
        elif (newest := self.applications.newest_version(application.id)) is not None:
            version = newest
        else:
            return Listing(entities=(), next_token=None)
        left = [one for one in self.dependencies.tree(caller, version) if [*place(one)] > last]
        page = tuple(left[: asked.max_items])
        resume = None
        if len(left) > len(page):
            resume = " ".join([version.semantic_version, *place(page[-1])])
        token = self._seal(resume, "ListApplicationDependencies", caller, subject)
        return Listing(entities=page, next_token=token)

    def _version(self, application: Application, number: str) -> Version:
        version = self.applications.find_version(application.id, number)
        if version is None:
            raise NotFound(f"Application {application.arn} does not have a version {number}")
        return version

    def _open(self, token: str | None, operation: str, caller: Caller, subject: str) -> str | None:
        if token is None:
            return None
        position = open_token(
            token,
            operation=operation,
            caller=caller.account,
            subject=subject,
            now=self.now(),
            key=self.page_key(),
        )
        return position["after"]

    def _seal(self, resume: str | None, operation: str, caller: Caller, subject: str) -> str | None:
        if resume is None:
            return None
        return seal(
            {"after": resume},
            operation=operation,
            caller=caller.account,
            subject=subject,
            now=self.now(),
            key=self.page_key(),
        )
