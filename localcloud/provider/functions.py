"""The provider's functions (invokes): who and where we are."""

from localcloud.provider.cloud import Cloud
from localcloud.provider.values import Properties


def invoke(token: str, args: Properties, cloud: Cloud) -> Properties:
    """The function's answer. Raises LookupError, in words for a person, for one that is not supported."""
    known = _FUNCTIONS.get(token)
    if known is None:
        raise LookupError(f"{token} is not supported by the local AWS provider")
    return known(cloud, args.get("region") or cloud.region)


def _caller_identity(cloud: Cloud, _region: str) -> Properties:
    identity = cloud.identity
    return {
        "accountId": identity["Account"],
        "arn": identity["Arn"],
        "userId": identity["UserId"],
        "id": identity["Account"],
    }


def _partition(cloud: Cloud, region: str) -> Properties:
    partition, suffix = cloud.partition(region), cloud.dns_suffix(region)
    return {
        "partition": partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
        "id": partition,
    }


def _region(cloud: Cloud, region: str) -> Properties:
    return {
        "region": region,
        "name": region,
        "id": region,
        "endpoint": f"ec2.{region}.{cloud.dns_suffix(region)}",
        "description": region,
    }


_FUNCTIONS = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
}
