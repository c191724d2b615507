"""The provider's functions (invokes): who and where we are, and what a repository says of an application."""

from localcloud.provider.cloud import REPOSITORY, Cloud, CloudError
from localcloud.provider.values import Properties


def invoke(token: str, args: Properties, cloud: Cloud) -> Properties:
    """The function's answer. Raises LookupError, in words for a person, for one that is not supported."""
    known = _FUNCTIONS.get(token)
    if known is None:
        raise LookupError(f"{token} is not supported by the local AWS provider")
    return known(cloud, args.get("region") or cloud.region, args)


def _caller_identity(cloud: Cloud, _region: str, _args: Properties) -> Properties:
    identity = cloud.identity
    return {
        "accountId": identity["Account"],
        "arn": identity["Arn"],
        "userId": identity["UserId"],
        "id": identity["Account"],
    }


def _partition(cloud: Cloud, region: str, _args: Properties) -> Properties:
    partition, suffix = cloud.partition(region), cloud.dns_suffix(region)
    return {
        "partition": partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
        "id": partition,
    }


def _region(cloud: Cloud, region: str, _args: Properties) -> Properties:
    return {
        "region": region,
        "name": region,
        "id": region,
        "endpoint": f"ec2.{region}.{cloud.dns_suffix(region)}",
        "description": region,
    }


def _application(cloud: Cloud, region: str, args: Properties) -> Properties:
    version = {"SemanticVersion": args["semanticVersion"]} if args.get("semanticVersion") else {}
    found = cloud.client(REPOSITORY, region).get_application(ApplicationId=args["applicationId"], **version)
    if "Version" not in found:
        raise CloudError(f"application {args['applicationId']} has no version")
    about = found["Version"]
    return {
        "applicationId": found["ApplicationId"],
        "id": found["ApplicationId"],
        "name": found["Name"],
        "region": region,
        "requiredCapabilities": about["RequiredCapabilities"],
        "semanticVersion": about["SemanticVersion"],
        "sourceCodeUrl": about.get("SourceCodeUrl", ""),
        "templateUrl": about["TemplateUrl"],
    }


_FUNCTIONS = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:serverlessrepository/getApplication:getApplication": _application,
}
