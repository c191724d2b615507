"""Templates that a consumer can deploy, and change sets in the consumer's account (architecture.md §6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from registry.domain.applications import Application, Dependency, Version, timestamp
from registry.domain.arns import ApplicationArn
from registry.domain.deployment_inputs import (
    CreateCloudFormationChangeSet,
    CreateCloudFormationTemplate,
    GetCloudFormationTemplate,
)
from registry.domain.deployments import (
    EXPIRED,
    PREPARING,
    TEMPLATE_LIFE,
    ChangeSet,
    Deployable,
    DeployableTemplate,
    TemplateOf,
    check_capabilities,
    new_template_id,
)
from registry.domain.nesting import Planned, plan
from registry.domain.policy import Caller, authorise
from registry.errors import Invalid, NotFound, Unavailable
from registry.services.changesets import ChangeSets
from registry.services.preparing import Preparing
from registry.stores.applications import ApplicationStore
from registry.stores.templates import TemplateStore

INLINE_S = 3.0
CHANGE_SET_S = 18.0  # API Gateway waits 29 s for the whole answer, and CloudFormation is still to be asked


@dataclass(frozen=True, kw_only=True)
class Deploying:
    """`link` signs a key's address until a moment: the address, and when it really ends.

    `depth`: how many levels of nested applications may lie under one that is deployed.
    """

    applications: ApplicationStore
    templates: TemplateStore
    preparing: Preparing
    change_sets: ChangeSets
    link: Callable[[str, datetime], tuple[str, datetime]]
    depth: int
    now: Callable[[], datetime]

    def create_template(self, caller: Caller, asked: CreateCloudFormationTemplate) -> TemplateOf:
        """ACTIVE when its code could be copied at once, else PREPARING until the queue's worker is done."""
        application = self._authorised(caller, "CreateCloudFormationTemplate", asked.arn)
        made_of = self._plan(caller, application, asked.semantic_version)
        content = self.preparing.compose(caller.account, made_of)
        try:
            self.preparing.copy_assets(caller.account, content, within_s=INLINE_S)
            is_ready = True
        except Unavailable:
            is_ready = False
        now = self.now()
        url, ends_at = self.link(content.document_key, now + TEMPLATE_LIFE)
        template = DeployableTemplate(
            id=new_template_id(),
            application_id=application.id,
            account=caller.account,
            semantic_version=made_of[-1].semantic_version,
            created_at=timestamp(now),
            valid_until=timestamp(ends_at),
            content=content,
            is_ready=is_ready,
        )
        self.templates.add(template)
        return TemplateOf(arn=asked.arn, template=template, status=template.status(now), url=url)

    def get_template(self, caller: Caller, asked: GetCloudFormationTemplate) -> TemplateOf:
        """Two reads. Only for the account that had it made."""
        application = self._authorised(caller, "GetCloudFormationTemplate", asked.arn)
        template = self._own_template(caller, application, asked.template_id)
        status = template.status(self.now())
        key = template.content.document_key
        if status == EXPIRED:  # its account may read the plain address for as long as the stack lives
            url = self.change_sets.url_of(key)
        else:
            url, _ = self.link(key, template.ends_at)
        return TemplateOf(arn=asked.arn, template=template, status=status, url=url)

    def create_change_set(self, caller: Caller, asked: CreateCloudFormationChangeSet) -> ChangeSet:
        """In the caller's account, whatever the request says. The caller executes it itself.

        Raises Unavailable when its code could not be copied in time: asking again goes on from there.
        """
        application = self._authorised(caller, "CreateCloudFormationChangeSet", asked.arn)
        if asked.template_id is not None:
            template = self._usable(caller, application, asked, asked.template_id)
            check_capabilities(template.content.required_capabilities, asked.capabilities)
            session = self.change_sets.enter(caller, asked)
            content, version = template.content, template.semantic_version
            if template.status(self.now()) == PREPARING:
                self.preparing.finish(application.id, template.id, within_s=CHANGE_SET_S)
        else:
            made_of = self._plan(caller, application, asked.semantic_version)
            version = made_of[-1].semantic_version
            required = sorted({name for one in made_of for name in one.required_capabilities})
            check_capabilities(required, asked.capabilities)
            session = self.change_sets.enter(caller, asked)
            content = self._prepared(caller, made_of)
        deployed = Dependency(application_id=str(asked.arn), semantic_version=version)
        change_set, stack = self.change_sets.create(session, asked, deployed, content)
        return ChangeSet(arn=asked.arn, semantic_version=version, id=change_set, stack_id=stack)

    def _authorised(self, caller: Caller, action: str, arn: ApplicationArn) -> Application:
        return authorise(caller, action, arn, self.applications.find(arn))

    def _plan(self, caller: Caller, application: Application, number: str | None) -> tuple[Planned, ...]:
        """Two reads for each application in it; the caller needs the right to each."""

        def opened(nested: Dependency) -> Planned:
            arn = ApplicationArn.parse(nested.application_id)
            found = self._authorised(caller, "CreateCloudFormationTemplate", arn)
            return _planned(arn, self._version(found, nested.semantic_version))

        root = _planned(application.arn, self._version(application, number))
        return plan(root, opened, depth=self.depth)

    def _version(self, application: Application, number: str | None) -> Version:
        if number is None:
            version = self.applications.newest_version(application.id)
            missing = f"Application {application.arn} does not have a version"
        else:
            version = self.applications.find_version(application.id, number)
            missing = f"Application {application.arn} does not have a version {number}"
        if version is None:
            raise NotFound(missing)
        return version

    def _prepared(self, caller: Caller, made_of: tuple[Planned, ...]) -> Deployable:
        content = self.preparing.compose(caller.account, made_of)
        self.preparing.copy_assets(caller.account, content, within_s=CHANGE_SET_S)
        return content

    def _own_template(self, caller: Caller, application: Application, template_id: str) -> DeployableTemplate:
        """One and the same NotFound for another account's template and for none at all."""
        template = self.templates.find(application.id, template_id)
        if template is None or template.account != caller.account:
            raise NotFound(f"Application {application.arn} does not have a template {template_id}")
        return template

    def _usable(
        self,
        caller: Caller,
        application: Application,
        asked: CreateCloudFormationChangeSet,
        template_id: str,
    ) -> DeployableTemplate:
        template = self._own_template(caller, application, template_id)
        if template.status(self.now()) == EXPIRED:
            raise Invalid(
                f"The template {template_id} expired at {template.valid_until}: make another with "
                "CreateCloudFormationTemplate, or leave templateId out"
            )
        if asked.semantic_version not in (None, template.semantic_version):
            raise Invalid(
                f"The template {template_id} is of version {template.semantic_version}, semanticVersion is "
                f"{asked.semantic_version}: leave one of them out"
            )
        return template


def _planned(arn: ApplicationArn, version: Version) -> Planned:
    return Planned(
        application_id=str(arn),
        semantic_version=version.semantic_version,
        template_digest=version.template_digest,
        nested=version.dependencies,
        required_capabilities=version.required_capabilities,
        asset_digests=version.asset_digests,
    )
