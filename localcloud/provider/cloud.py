"""The local cloud as one account in one region: clients, and what kind of trouble an answer is."""

import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from botocore.session import Session

_CONNECTIONS = 64
"""The engine runs 8 operations at once unless told otherwise; 54 were seen at `-p 64`."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NotLocalError(Exception):
    """The environment leads to something that is not the local cloud."""


class CloudError(Exception):
    """A refusal of the cloud, in words for the person at the keyboard."""


def endpoint() -> str:
    """`AWS_ENDPOINT_URL`.

    Raises NotLocalError unless it leads to this machine: this provider is no match for AWS.
    """
    return local(os.environ.get("AWS_ENDPOINT_URL", ""))


def local(url: str) -> str:
    """`url`, if it leads to this machine. Raises NotLocalError."""
    if urlsplit(url).hostname not in _LOOPBACK:
        raise NotLocalError(
            "the local AWS provider works against the local cloud only, and AWS_ENDPOINT_URL or an endpoint "
            f"of the provider is {url or 'not set'}: run `make up`, or install the stock plugin for AWS "
            "(`pulumi plugin install resource aws`)"
        )
    return url


REPOSITORY = "serverlessrepo"
_REPOSITORY_ENDPOINT = "AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY"


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Clients are made once a service and region, and shared by threads."""

    region: str
    repository_url: str = ""
    """Of the serverless application repository; "" where the environment names it, or nobody does."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    @cached_property
    def _session(self) -> "Session":
        import botocore.session  # noqa: PLC0415 - half a second, not needed to start up

        return botocore.session.get_session()

    def client(self, service: str, region: str | None = None) -> Any:
        """A botocore client that retries throttled calls."""
        from botocore.config import Config  # noqa: PLC0415

        key = (service, region or self.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.create_client(
                    service,
                    region_name=key[1],
                    endpoint_url=self._endpoint(service),
                    config=Config(
                        max_pool_connections=_CONNECTIONS,
                        retries={"mode": "standard", "total_max_attempts": 6},
                        s3={"addressing_style": "path"},
                        connect_timeout=5,
                        read_timeout=60,
                    ),
                )
            return self._clients[key]

    def _endpoint(self, service: str) -> str:
        """Raises NotLocalError unless it is of this machine."""
        if service != REPOSITORY:
            return endpoint()
        return local(self.repository_url or os.environ.get(_REPOSITORY_ENDPOINT) or endpoint())

    @cached_property
    def identity(self) -> dict[str, str]:
        """`Account`, `Arn` and `UserId` of the caller. Raises CloudError where nobody answers."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            answer = self.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as trouble:
            raise CloudError(
                f"the local cloud at {endpoint()} does not say who is calling ({trouble}): "
                "is it up? (`make status`)"
            ) from trouble
        return {key: answer[key] for key in ("Account", "Arn", "UserId")}

    @property
    def account(self) -> str:
        return self.identity["Account"]

    def partition(self, region: str) -> str:
        """For example `aws`, `aws-cn`."""
        with self._lock:
            return str(self._session.get_partition_for_region(region))

    def dns_suffix(self, region: str) -> str:
        """For example `amazonaws.com`, `amazonaws.com.cn`."""
        partition = self.partition(region)
        with self._lock:
            resolver = self._session.get_component("endpoint_resolver")
            return str(resolver.get_partition_dns_suffix(partition))


def error_code(trouble: Exception) -> str:
    """The error's code, "" for an exception that is not an answer of the cloud."""
    response = getattr(trouble, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def explain(trouble: Exception) -> str:
    """One sentence: the API's own code and message, or what kept the call from being made."""
    response = getattr(trouble, "response", None)
    if not response:
        return str(trouble)
    error = response.get("Error", {})
    return f"{error.get('Code', 'unknown')}: {error.get('Message') or 'no message'}"


_GONE = frozenset(
    [
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "DashboardNotFoundError",
        "NotFound",
        "NotFoundException",
        "OwnershipControlsNotFoundError",
        "ParameterNotFound",
        "QueueDoesNotExist",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "ServerSideEncryptionConfigurationNotFoundError",
    ]
)


def is_gone(trouble: Exception) -> bool:
    """Whether the cloud says that there is no such thing."""
    return error_code(trouble) in _GONE
