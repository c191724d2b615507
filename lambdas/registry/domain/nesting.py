"""Which applications a deployment is made of (architecture.md §6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from registry.domain.applications import MAX_NESTED, Dependency
from registry.errors import Invalid


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A version that a deployment needs; `template_digest` names its stored template, `asset_digests` the
    objects that this may name.
    """

    application_id: str
    semantic_version: str
    template_digest: str
    nested: tuple[Dependency, ...] = ()
    required_capabilities: tuple[str, ...] = ()
    asset_digests: tuple[str, ...] = ()

    @property
    def name(self) -> Dependency:
        return Dependency(application_id=self.application_id, semantic_version=self.semantic_version)


def plan(root: Planned, opened: Callable[[Dependency], Planned], *, depth: int) -> tuple[Planned, ...]:
    """What `root` is made of, each version once and behind all that it nests; `root` itself is the last.

    `opened` is asked once for each and raises where the caller may not have it. Raises Invalid for a cycle,
    for more than `depth` levels under the root, and for more than MAX_NESTED applications.
    """
    walk = _Walk(opened, depth)
    walk.into(root)
    return tuple(walk.order)


@dataclass
class _Walk:
    opened: Callable[[Dependency], Planned]
    depth: int
    order: list[Planned] = field(default_factory=list)
    heights: dict[Dependency, int] = field(default_factory=dict)
    way: list[Dependency] = field(default_factory=list)

    def into(self, one: Planned) -> int:
        """Levels under `one`. The way down is never longer than `depth`, so neither is the stack."""
        self.way.append(one.name)
        height = 0
        for nested in one.nested:
            if nested in self.way:
                raise Invalid(f"An application nests itself: {_chain([*self.way, nested])}")
            if len(self.way) > self.depth:
                raise self._too_deep(nested)
            if nested not in self.heights:
                if len(self.heights) >= MAX_NESTED:
                    raise Invalid(
                        f"The application nests more than {MAX_NESTED} others, counting those that they nest"
                    )
                self.heights[nested] = 0  # counted from here on, and opened at most once
                self.heights[nested] = self.into(self.opened(nested))
            height = max(height, 1 + self.heights[nested])
            if len(self.way) - 1 + height > self.depth:
                raise self._too_deep(nested)
        self.way.pop()
        self.order.append(one)
        return height

    def _too_deep(self, nested: Dependency) -> Invalid:
        return Invalid(
            f"Applications are nested deeper than {self.depth} levels: {_chain([*self.way, nested])}"
        )


def _chain(names: list[Dependency]) -> str:
    return " > ".join(f"{one.application_id} {one.semantic_version}" for one in names)
