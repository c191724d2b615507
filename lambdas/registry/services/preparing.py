"""Puts what a consumer's stack will read under the consumer's own prefix: finished templates, then code.

Every object is named by its content, so doing any of it again, or twice at once, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeVar

from registry.domain.applications import Dependency
from registry.domain.deployments import ACTIVE, EXPIRED, Deployable
from registry.errors import Invalid, Unavailable
from registry.stores.deploy_copies import DeployCopies
from registry.stores.templates import TemplateStore

if TYPE_CHECKING:
    from registry.domain.nesting import Planned

_PARALLEL = 8  # the S3 client holds 10 connections
Outcome = Literal["done", "already", "gone"]
Given = TypeVar("Given")
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Preparing:
    """`clock` counts seconds and never goes back."""

    copies: DeployCopies
    templates: TemplateStore
    now: Callable[[], datetime]
    clock: Callable[[], float]

    def compose(self, account: str, plan: Sequence[Planned]) -> Deployable:
        """Writes the finished templates of `plan`, whose last is deployed and nests the others.

        Two calls to S3 for each. Raises Invalid for a template that CloudFormation would not read, NotFound
        for one that is gone.
        """
        from registry.domain.assets import placeholder_digests, resolve
        from registry.domain.stacks import with_stacks
        from registry.domain.templates import Template
        from registry.domain.transforms import is_sam_alone, macros_of

        urls: dict[Dependency, str] = {}
        digests: set[str] = set()
        finished: dict[str, bytes] = {}
        key, macros = "", frozenset[str]()
        stored = _each(self.copies.read_document, (one.template_digest for one in plan))
        for one, text in zip(plan, stored, strict=True):
            template = Template.load(text)
            digests.update(placeholder_digests(template, known=one.asset_digests))
            macros |= macros_of(template)
            deployable = resolve(
                with_stacks(template, urls),
                self.copies.bucket,
                lambda digest: self.copies.asset_key(account, digest),
            )
            content = deployable.dump().encode()
            _check_size(content, one)
            key = self.copies.template_key(account, content)
            finished[key] = content
            urls[one.name] = self.copies.url(key)
        _each(lambda item: self.copies.put_template(*item), finished.items())
        return Deployable(
            document_key=key,
            assets=tuple(sorted(digests)),
            required_capabilities=tuple(sorted({name for one in plan for name in one.required_capabilities})),
            sam_alone=is_sam_alone(macros),
        )

    def copy_assets(self, account: str, content: Deployable, *, within_s: float) -> None:
        """Raises Unavailable when the time is up; what was copied is kept, so a retry goes on from there.

        Raises NotFound for an object that is gone.
        """
        from concurrent.futures import ThreadPoolExecutor, wait

        ends_at = self.clock() + within_s

        def copy(digest: str) -> None:
            if self.clock() >= ends_at:
                raise _spent(within_s)
            self.copies.copy_asset(account, digest)

        if not content.assets:
            return
        pool = ThreadPoolExecutor(_PARALLEL)
        try:
            running = [pool.submit(copy, digest) for digest in content.assets]
            late = wait(running, timeout=max(0.0, ends_at - self.clock())).not_done
            if late:
                raise _spent(within_s)
            for one in running:
                one.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def finish(self, application_id: str, template_id: str, *, within_s: float) -> Outcome:
        """Makes a PREPARING template ACTIVE. Raises as `copy_assets` does.

        "already": it is ACTIVE; "gone": there is none, or its hour is over.
        """
        template = self.templates.find(application_id, template_id)
        status = EXPIRED if template is None else template.status(self.now())
        if template is None or status == EXPIRED:
            return "gone"
        if status == ACTIVE:
            return "already"
        self.copy_assets(template.account, template.content, within_s=within_s)
        self.templates.set_ready(template)
        return "done"


def _each(work: Callable[[Given], Result], given: Iterable[Given]) -> list[Result]:
    """Results in order; the first failure is raised when all that began has ended."""
    todo = list(given)
    if len(todo) == 1:
        return [work(todo[0])]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(work, todo))


def _check_size(content: bytes, one: Planned) -> None:
    from registry.domain.templates import MAX_BYTES

    if len(content) > MAX_BYTES:
        raise Invalid(
            f"The finished template of {one.application_id} {one.semantic_version} has {len(content)} bytes; "
            f"CloudFormation reads {MAX_BYTES} at most"
        )


def _spent(within_s: float) -> Unavailable:
    return Unavailable(
        f"Copying the application's code took over {within_s:.0f} s. Try again: what was copied is kept, so "
        "the next attempt goes on from there"
    )
