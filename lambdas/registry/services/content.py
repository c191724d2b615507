"""What a publisher hands in, made into stored documents and a version that names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from registry.domain.applications import Dependency, Version, content_digest, timestamp
from registry.domain.inputs import MAX_DOCUMENT_BYTES, Publication, unusual_author
from registry.domain.policy import Caller
from registry.domain.s3_urls import S3Object, parse_s3_url
from registry.errors import Invalid, Unavailable
from registry.stores.assets import AssetStore, Kept

if TYPE_CHECKING:
    from registry.domain.analysis import Analysis
    from registry.domain.templates import Template

COPY_BUDGET_S = 20.0  # API Gateway waits 29 s for the whole answer
_PARALLEL_COPIES = 8  # the S3 client holds 10 connections
_WARNINGS, _WARNING_CHARACTERS = 50, 500
_TEXT = "text/plain; charset=utf-8"
_MARKDOWN = "text/markdown; charset=utf-8"
_JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Time for the copies of one publication."""

    ends_at: float
    clock: Callable[[], float]

    @property
    def left_s(self) -> float:
        return max(0.0, self.ends_at - self.clock())

    def still_time(self) -> None:
        """Raises Unavailable once the budget is spent."""
        if not self.left_s:
            raise self.spent()

    def spent(self) -> Unavailable:
        return Unavailable(
            f"Copying the application's code took over {COPY_BUDGET_S:.0f} s. Publish again: what was "
            "copied is kept, so the next attempt goes on from there"
        )


@dataclass(frozen=True, kw_only=True)
class Content:
    """`clock` counts seconds and never goes back.

    `may_nest` raises where the caller may not nest these applications. `allowed_resource_types`: the
    operator's list; empty allows all. `copy_budget_s`: seconds for the copies of one publication.
    """

    assets: AssetStore
    may_nest: Callable[[Caller, Sequence[Dependency]], None]
    allowed_resource_types: tuple[str, ...] = ()
    copy_budget_s: float = COPY_BUDGET_S
    now: Callable[[], datetime]
    clock: Callable[[], float]

    def keep_license(self, account: str, body: str | None, url: str | None) -> str | None:
        """The digest, or None when none was handed in. Raises Invalid."""
        return self._keep(account, body, url, "licenseUrl", _TEXT)

    def keep_readme(self, account: str, body: str | None, url: str | None) -> str | None:
        return self._keep(account, body, url, "readmeUrl", _MARKDOWN)

    def keep_version(
        self, caller: Caller, asked: Publication, semantic_version: str, *, author: str
    ) -> Version:
        """Copies the code, then stores the template with placeholders in place of the code's addresses.

        Raises Invalid, what `may_nest` raises, or Unavailable when the copies take too long or a source
        changes under them.
        """
        from registry.domain.assets import find_assets, with_placeholders

        account = caller.account
        template = self.read_template(account, asked)
        analysis = self._analysed(caller, template)
        found = find_assets(template)
        archive = (
            parse_s3_url(asked.source_code_archive_url, "sourceCodeArchiveUrl")
            if asked.source_code_archive_url is not None
            else None
        )
        wanted = {
            reference: S3Object(bucket=reference.bucket, key=reference.key, version_id=reference.version_id)
            for reference in found
        }
        budget = Budget(ends_at=self.clock() + self.copy_budget_s, clock=self.clock)
        copies, archived = self._copy(account, wanted.values(), archive, budget)
        stored = with_placeholders(template, {ref: copies[where].digest for ref, where in wanted.items()})
        document = stored.dump().encode()
        template_digest = self.assets.put_document(document, _JSON)
        archive_digest = archived.digest if archived is not None else None
        sizes = {one.digest: one.size for one in [*copies.values(), *([archived] if archived else [])]}
        return Version(
            semantic_version=semantic_version,
            template_digest=template_digest,
            content_digest=content_digest(
                template_digest=template_digest,
                source_code_url=asked.source_code_url,
                source_archive_digest=archive_digest,
            ),
            created_at=timestamp(self.now()),
            parameters=tuple(one.as_member() for one in analysis.parameters),
            required_capabilities=analysis.required_capabilities,
            dependencies=analysis.nested,
            asset_digests=tuple(sorted({one.digest for one in copies.values()})),
            resource_types=analysis.resource_types,
            source_code_url=asked.source_code_url,
            source_archive_digest=archive_digest,
            stored_bytes=len(document) + sum(sizes.values()),
            warnings=_short([unusual_author(author), *analysis.warnings]),
        )

    def _analysed(self, caller: Caller, template: Template) -> Analysis:
        from registry.domain.analysis import analyse
        from registry.domain.resources import unsupported
        from registry.domain.transforms import macros_of, unseen

        analysis = analyse(template)
        if refused := unsupported(analysis.resource_types, self.allowed_resource_types):
            raise Invalid(f"The template contains unsupported resource types. [{', '.join(refused)}]")
        if self.allowed_resource_types and (macros := unseen(macros_of(template))):
            raise Invalid(
                "The template contains unsupported resource types. What macros bring in cannot be seen: "
                f"[{', '.join(macros)}]"
            )
        self.may_nest(caller, analysis.nested)
        return analysis

    def read_template(self, account: str, asked: Publication) -> Template:
        """Raises Invalid; also when there is none."""
        from registry.domain.templates import MAX_BYTES, parse_template

        if asked.template_body is not None:
            return parse_template(asked.template_body)
        if asked.template_url is None:
            raise Invalid("templateBody or templateUrl is required")
        where = parse_s3_url(asked.template_url, "templateUrl")
        return parse_template(
            self.assets.read(where, account=account, max_bytes=MAX_BYTES, field="templateUrl")
        )

    def _keep(
        self, account: str, body: str | None, url: str | None, field: str, content_type: str
    ) -> str | None:
        if body is not None:
            content = body.encode()
        elif url is not None:
            where = parse_s3_url(url, field)
            content = self.assets.read(where, account=account, max_bytes=MAX_DOCUMENT_BYTES, field=field)
            _check_utf8(content, field)
        else:
            return None
        return self.assets.put_document(content, content_type)

    def _copy(
        self, account: str, assets: Iterable[S3Object], archive: S3Object | None, budget: Budget
    ) -> tuple[dict[S3Object, Kept], Kept | None]:
        """The assets, each object once, and the archive."""
        distinct = list(dict.fromkeys(assets))
        still_time = budget.still_time
        tasks: list[Callable[[], Kept]] = [
            lambda where=where: self.assets.copy_asset(where, account=account, still_time=still_time)  # type: ignore[misc]
            for where in distinct
        ]
        if archive is not None:
            tasks.append(lambda: self.assets.copy_archive(archive, account=account, still_time=still_time))
        kept = _all(tasks, budget)
        return dict(zip(distinct, kept, strict=False)), kept[-1] if archive is not None else None


def _all(tasks: Sequence[Callable[[], Kept]], budget: Budget) -> list[Kept]:
    """Their results in order; the first failure stops those that have not begun."""
    if not tasks:
        return []
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(_PARALLEL_COPIES)
    try:
        running = [pool.submit(task) for task in tasks]
        return [one.result(timeout=budget.left_s) for one in running]
    except TimeoutError:
        raise budget.spent() from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _short(warnings: Iterable[str | None]) -> tuple[str, ...]:
    """As many and as long as an item can hold."""
    told = [warning for warning in warnings if warning is not None]
    return tuple(warning[:_WARNING_CHARACTERS] for warning in told[:_WARNINGS])


def _check_utf8(content: bytes, field: str) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"{field} must name a UTF-8 text; byte {error.start} is not UTF-8") from None
