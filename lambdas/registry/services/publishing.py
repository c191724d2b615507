"""What publishers do. No HTTP and no environment: both come in through the fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.domain.applications import Application, Release, VersionOf, new_id, timestamp
from registry.domain.inputs import (
    CreateApplication,
    CreateApplicationVersion,
    DeleteApplication,
    UpdateApplication,
)
from registry.domain.policy import Caller, authorise, authorise_account, authorise_owner
from registry.errors import Conflict
from registry.services.content import Content
from registry.stores.applications import ApplicationStore, Stale, taken

_TRIES = 4


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """Documents are stored before what names them: a failure in between leaves only unnamed objects.

    `max_stored_bytes`: of all versions of an account together; None for an operator, whom nothing limits.
    """

    applications: ApplicationStore
    content: Content
    now: Callable[[], datetime]
    max_stored_bytes: int | None = None

    def create(self, caller: Caller, asked: CreateApplication) -> Release:
        """Application and version appear together. Raises AlreadyExists for a taken name."""
        applications, account = self.applications, caller.account
        authorise_account(caller, "CreateApplication", str(applications.arn(account, "*")))
        arn = applications.arn(account, asked.name)
        if applications.find(arn) is not None:  # `sam publish` asks this for every update of an application
            raise taken(arn)
        version = None
        if asked.semantic_version is not None:
            version = self.content.keep_version(caller, asked, asked.semantic_version, author=asked.author)
        elif asked.template_body is not None or asked.template_url is not None:
            self.content.read_template(account, asked)  # not kept, but what is broken is refused
        now = self.now()
        application = Application(
            arn=arn,
            id=new_id(now),
            rev=1,
            author=asked.author,
            description=asked.description,
            labels=asked.labels,
            created_at=timestamp(now),
            home_page_url=asked.home_page_url,
            spdx_license_id=asked.spdx_license_id,
            license_digest=self.content.keep_license(account, asked.license_body, asked.license_url),
            readme_digest=self.content.keep_readme(account, asked.readme_body, asked.readme_url),
        )
        applications.add(application, version, max_stored_bytes=self.max_stored_bytes)
        return Release(application=application, version=version)

    def create_version(self, caller: Caller, asked: CreateApplicationVersion) -> VersionOf:
        """Publishing the same content again gives the stored version; other content raises AlreadyExists."""
        found = self.applications.find(asked.arn)
        application = authorise(caller, "CreateApplicationVersion", asked.arn, found)
        version = self.content.keep_version(caller, asked, asked.semantic_version, author=application.author)
        stored = self.applications.add_version(application, version, max_stored_bytes=self.max_stored_bytes)
        return VersionOf(arn=application.arn, version=stored)

    def update(self, caller: Caller, asked: UpdateApplication) -> Release:
        """Changes what is given and leaves the rest. Raises Conflict when others always were faster."""
        changes: dict[str, Any] | None = None
        for _ in range(_TRIES):
            found = self.applications.find(asked.arn)
            seen = authorise(caller, "UpdateApplication", asked.arn, found)
            if changes is None:
                changes = self._changes(caller.account, asked)
            if not changes:
                return Release(application=seen, version=None)
            try:
                return Release(application=self.applications.change(seen, changes), version=None)
            except Stale:
                continue
        raise Conflict(f"Application {asked.arn} is being changed by others at this moment. Try again.")

    def delete(self, caller: Caller, asked: DeleteApplication) -> None:
        """One write. The versions and documents left behind are unnamed and collected later."""
        authorise_owner(caller, "DeleteApplication", asked.arn)
        self.applications.delete(asked.arn)

    def _changes(self, account: str, asked: UpdateApplication) -> dict[str, Any]:
        given = {
            "author": asked.author,
            "description": asked.description,
            "labels": asked.labels,
            "homePageUrl": asked.home_page_url,
            "readmeDigest": self.content.keep_readme(account, asked.readme_body, asked.readme_url),
        }
        return {attribute: value for attribute, value in given.items() if value is not None}
