"""Starts ministack with what it lacks and the registry relies on. Runs in the emulator's own environment.

Six corrections, and those of the modules beside this one, each covered by a test against the running
emulator (`tests/localcloud/`):

- a request over loopback counts as one over TLS, or bucket policies that demand TLS would close every bucket
- CopyObject finds a source bucket of another account, which the bucket's policy has allowed by then; not one
  version of an object there
- `x-amz-expected-bucket-owner` and `x-amz-source-expected-bucket-owner` are compared with the bucket's owner
- `aws:ResourceAccount` and `s3:ResourceAccount` of a bucket name the bucket's owner, not the caller
- the registry is this machine's AWS Serverless Application Repository: a bucket policy that trusts
  `serverlessrepo.amazonaws.com` lets the registry's accounts read; so does the bucket of a ready-made account
  that has no policy at all (a convenience: on AWS such a bucket is closed)
- a function's archive is unpacked once, not once for every process, so that Python compiles it only once
"""

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import batches  # type: ignore[import-not-found]  # this folder is run as a program
import deployments  # type: ignore[import-not-found]
import encryption_contexts  # type: ignore[import-not-found]
import one_organization  # type: ignore[import-not-found]
import streams  # type: ignore[import-not-found]
import topics  # type: ignore[import-not-found]
from ministack import app  # type: ignore[import-not-found]
from ministack.core import iam_evaluator, lambda_runtime  # type: ignore[import-not-found]
from ministack.core.iam_evaluator import (  # type: ignore[import-not-found]
    EvalContext,
    evaluate_resource_policy,
)
from ministack.services import s3  # type: ignore[import-not-found]

OWNER_HEADER = "x-amz-expected-bucket-owner"
SOURCE_OWNER_HEADER = "x-amz-source-expected-bucket-owner"
REPOSITORY = "serverlessrepo.amazonaws.com"


def secure(pin: Callable[[str, bool], None]) -> Callable[[str, bool], None]:
    """`pin` notes where a request comes from, and whether over TLS, for the conditions of policies."""
    return lambda address, _encrypted: pin(address, True)


def across_accounts(find: Callable[[str], Any]) -> Callable[[str], Any]:
    """`find` looks a bucket up in the account of the bucket that the request names."""

    def found(name: str) -> Any:
        owner = s3._bucket_owner_account(name)
        return find(name) or (s3._buckets.get_scoped(owner, None, name) if owner else None)

    return found


def of_its_owner(read: Callable[..., bytes]) -> Callable[..., bytes]:
    """`read` gets an object's bytes from the folder of the account that the request is for."""

    def contents(bucket: str, key: str, about: Any) -> bytes:
        owner = s3._bucket_owner_account(bucket)
        with s3._in_account(owner) if owner else nullcontext():
            return read(bucket, key, about)

    return contents


def expecting_owners(enter: Callable[..., Any]) -> Callable[..., Any]:
    """`enter` decides whether a request may go on to its bucket; None lets it."""

    def entered(
        method: str, bucket: str, key: str, headers: Mapping[str, str], *more: Any, **named: Any
    ) -> Any:
        source = unquote(headers.get("x-amz-copy-source", "").partition("?")[0]).lstrip("/").partition("/")[0]
        for name, header in ((bucket, OWNER_HEADER), (source, SOURCE_OWNER_HEADER)):
            owner, expected = s3._bucket_owner_account(name), headers.get(header)
            if owner and expected and owner != expected:
                return s3._error("AccessDenied", "Access Denied", 403, f"/{name}")
        return enter(method, bucket, key, headers, *more, **named)

    return entered


def knowing_bucket_owners(resolve: Callable[[str, EvalContext], Any]) -> Callable[[str, EvalContext], Any]:
    """`resolve` gives the value of a condition key of a policy."""

    def resolved(key: str, context: EvalContext) -> Any:
        if key.lower() in {"aws:resourceaccount", "s3:resourceaccount"}:
            bucket = context.resource_arn.partition(":s3:::")[2].partition("/")[0]
            if owner := s3._bucket_owner_account(bucket):
                return owner
        return resolve(key, context)

    return resolved


def trusting_the_repository(allows: Callable[..., bool]) -> Callable[..., bool]:
    """`allows` decides whether an account may do something to another account's bucket."""
    registry_accounts = os.environ.get("LOCALCLOUD_REGISTRY_ACCOUNTS", "").split(",")
    publishers = os.environ.get("LOCALCLOUD_PUBLISHERS", "").split(",")

    def allowed(
        owner: str, bucket: str, key: str, method: str, query: Any, caller: str, headers: Any = None
    ) -> bool:
        if allows(owner, bucket, key, method, query, caller, headers):
            return True
        if not key or method not in {"GET", "HEAD"} or caller not in registry_accounts:
            return False
        policy = s3._bucket_policies.get_scoped(owner, None, bucket)
        if not policy:
            return owner in publishers
        context = EvalContext(
            principal_arn=f"arn:aws:iam::{caller}:root",
            principal_type="Root",
            principal_account=caller,
            action="s3:GetObjectVersion" if "versionId" in query else "s3:GetObject",
            resource_arn=f"arn:aws:s3:::{bucket}/{key}",
            region=s3.get_region(),
            service_context={"aws:sourceaccount": owner},
        )
        return bool(evaluate_resource_policy(policy, context, service=REPOSITORY).decision == "Allow")

    return allowed


class SharedZip(zipfile.ZipFile):
    """An archive whose files are unpacked once for all that have the same content."""

    def extractall(self, path: Any = None, *_: Any) -> None:
        """Make `path`, an empty folder, a link to the shared files."""
        with open(str(self.filename), "rb") as archive:
            digest = hashlib.file_digest(archive, "sha256").hexdigest()
        shared = Path(tempfile.gettempdir()) / "unpacked" / digest
        if not shared.exists():
            shared.parent.mkdir(exist_ok=True)
            fresh = tempfile.mkdtemp(dir=shared.parent)
            super().extractall(fresh)
            with suppress(OSError):  # another thread was first
                os.rename(fresh, shared)
        os.rmdir(path)
        os.symlink(shared, path)


def main() -> None:
    """Serve until SIGTERM; settings come from the environment (`localcloud.cloud.services`)."""
    app.pin_request_origin = secure(app.pin_request_origin)
    iam_evaluator._resolve_condition_key = knowing_bucket_owners(iam_evaluator._resolve_condition_key)
    s3._ensure_bucket = across_accounts(s3._ensure_bucket)
    s3._read_body = of_its_owner(s3._read_body)
    s3._foreign_bucket_allows = trusting_the_repository(s3._foreign_bucket_allows)
    s3._apply_bucket_scope = expecting_owners(s3._apply_bucket_scope)
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=SharedZip, BadZipFile=zipfile.BadZipFile, LargeZipFile=zipfile.LargeZipFile
    )
    for corrections in (batches, deployments, encryption_contexts, one_organization, streams, topics):
        corrections.correct()
    app.main()


if __name__ == "__main__":
    main()
