"""Nested applications: who may nest which, and the tree that they make (serverlessrepo-api.md §2, §8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from registry.domain.applications import MAX_NESTED, Dependency, Version
from registry.domain.arns import ApplicationArn
from registry.domain.policy import Caller, authorise
from registry.domain.versions import sort_key
from registry.errors import AccessDenied, Forbidden, Invalid, NotFound
from registry.stores.applications import ApplicationStore


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """`depth`: how many levels of applications may lie under a published one."""

    applications: ApplicationStore
    depth: int = 5

    def check(self, caller: Caller, nested: Sequence[Dependency]) -> None:
        """A publisher nests only versions that exist and that it may read itself: two reads for each.

        Raises AccessDenied as for the application alone, NotFound for a version that does not exist, and
        Invalid for a tree that is deeper or larger than allowed.
        """
        direct = {one: self._readable(caller, one) for one in nested}
        count = 0
        for depth, level in enumerate(
            _levels(direct, lambda one: direct.get(one) or self._find(one)), start=1
        ):
            count += len(level)
            if depth > self.depth:
                raise Invalid(
                    f"The template nests applications {depth} levels deep, {self.depth} allowed: "
                    f"{level[0].application_id} {level[0].semantic_version} is one of the lowest"
                )
            if count > MAX_NESTED:
                raise Invalid(
                    f"The template nests more than {MAX_NESTED} applications, counting those that they nest"
                )

    def tree(self, caller: Caller, version: Version) -> tuple[Dependency, ...]:
        """All that `version` nests, and what that nests, in order of ARN and precedence; each once.

        What an application nests is told only to whoever may ask that of itself.
        """
        found: list[Dependency] = []
        for level in _levels(version.dependencies, lambda one: self._askable(caller, one)):
            found += level
            if len(found) > MAX_NESTED:  # an application was made again since, and nests more than it did
                break
        return tuple(sorted(found, key=place))

    def _readable(self, caller: Caller, one: Dependency) -> Version:
        arn = ApplicationArn.parse(one.application_id)
        application = authorise(caller, "GetApplication", arn, self.applications.find(arn))
        version = self.applications.find_version(application.id, one.semantic_version)
        if version is None:
            raise NotFound(f"Application {arn} does not have a version {one.semantic_version}")
        return version

    def _askable(self, caller: Caller, one: Dependency) -> Version | None:
        arn = ApplicationArn.parse(one.application_id)
        found = self.applications.find(arn)
        try:
            application = authorise(caller, "ListApplicationDependencies", arn, found)
        except (AccessDenied, Forbidden, NotFound):
            return None
        return self.applications.find_version(application.id, one.semantic_version)

    def _find(self, one: Dependency) -> Version | None:
        application = self.applications.find(ApplicationArn.parse(one.application_id))
        if application is None:
            return None
        return self.applications.find_version(application.id, one.semantic_version)


def place(one: Dependency) -> tuple[str, str]:
    """Where a dependency stands in the order of `Dependencies.tree`."""
    return one.application_id, sort_key(one.semantic_version)


def _levels(
    direct: Iterable[Dependency], opened: Callable[[Dependency], Version | None]
) -> Iterator[list[Dependency]]:
    """Those not met on a level above; a level is opened only when the next one is asked for."""
    level = list(dict.fromkeys(direct))
    met = set(level)
    while level:
        yield level
        below: dict[Dependency, None] = {}
        for one in level:
            version = opened(one)
            below |= dict.fromkeys(version.dependencies if version is not None else ())
        level = [one for one in below if one not in met]
        met.update(level)
