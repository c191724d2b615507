"""What a publisher hands in, made into stored documents and a version that names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from registry.domain.applications import Dependency, Version, content_digest, timestamp
from registry.domain.inputs import MAX_DOCUMENT_BYTES, Publication
from registry.domain.s3_urls import S3Object, parse_s3_url
from registry.errors import Invalid, Unavailable
from registry.stores.assets import AssetStore

if TYPE_CHECKING:
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
    """`clock` counts seconds and never goes back."""

    assets: AssetStore
    now: Callable[[], datetime]
    clock: Callable[[], float]

    def keep_license(self, account: str, body: str | None, url: str | None) -> str | None:
        """The digest, or None when none was handed in. Raises Invalid."""
        return self._keep(account, body, url, "licenseUrl", _TEXT)

    def keep_readme(self, account: str, body: str | None, url: str | None) -> str | None:
        return self._keep(account, body, url, "readmeUrl", _MARKDOWN)

    def keep_version(self, account: str, asked: Publication, semantic_version: str) -> Version:
        """Copies the code, then stores the template with placeholders in place of the code's addresses.

        Raises Invalid, or Unavailable when the copies take too long or a source changes under them.
        """
        from registry.domain.analysis import analyse
        from registry.domain.assets import find_assets, with_placeholders

        template = self.read_template(account, asked)
        analysis = analyse(template)
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
        budget = Budget(ends_at=self.clock() + COPY_BUDGET_S, clock=self.clock)
        digests, archive_digest = self._copy(account, wanted.values(), archive, budget)
        stored = with_placeholders(template, {ref: digests[where] for ref, where in wanted.items()})
        template_digest = self.assets.put_document(stored.dump().encode(), _JSON)
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
            dependencies=tuple(
                Dependency(application_id=one.application_id, semantic_version=one.semantic_version)
                for one in analysis.nested
            ),
            asset_digests=tuple(sorted(set(digests.values()))),
            source_code_url=asked.source_code_url,
            source_archive_digest=archive_digest,
            warnings=tuple(warning[:_WARNING_CHARACTERS] for warning in analysis.warnings[:_WARNINGS]),
        )

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
    ) -> tuple[dict[S3Object, str], str | None]:
        """Digests of the assets, each object once, and of the archive."""
        distinct = list(dict.fromkeys(assets))
        still_time = budget.still_time
        tasks: list[Callable[[], str]] = [
            lambda where=where: self.assets.copy_asset(where, account=account, still_time=still_time)  # type: ignore[misc]
            for where in distinct
        ]
        if archive is not None:
            tasks.append(lambda: self.assets.copy_archive(archive, account=account, still_time=still_time))
        digests = _all(tasks, budget)
        return dict(zip(distinct, digests, strict=False)), digests[-1] if archive is not None else None


def _all(tasks: Sequence[Callable[[], str]], budget: Budget) -> list[str]:
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


def _check_utf8(content: bytes, field: str) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"{field} must name a UTF-8 text; byte {error.start} is not UTF-8") from None
