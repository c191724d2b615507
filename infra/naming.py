"""Names and ARNs of what the program makes."""

from dataclasses import dataclass

MAX_NAME = 63  # S3 buckets, the tightest of all; functions and roles allow 64, queues 80


@dataclass(frozen=True, kw_only=True)
class Names:
    """`sar-<stage>-<noun>[-<part>]`; callers add account and region only where the namespace is global."""

    stage: str

    def of(self, *words: str) -> str:
        """Raises ValueError for a name that some service would refuse."""
        name = "-".join(("sar", self.stage, *words))
        if len(name) > MAX_NAME:
            raise ValueError(f"{name!r} has {len(name)} characters, {MAX_NAME} allowed: shorten {words[0]!r}")
        return name


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where a stack lives: the partition (`aws`, `aws-cn`, …), the 12-digit account and the region."""

    partition: str
    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    @property
    def root(self) -> str:
        """The account itself as a principal: whoever its IAM policies allow."""
        return f"arn:{self.partition}:iam::{self.account}:root"
