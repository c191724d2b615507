"""The answer to sts:GetCallerIdentity, read strictly: one form, nothing optional, nothing twice.

A lenient reader was half of CVE-2020-16250: whoever can make AWS say a text of his own must not be able to
say an identity with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

MAX_ANSWER_BYTES = 4096

_NAMESPACE = "{https://sts.amazonaws.com/doc/2011-06-15/}"
_ACCOUNT = re.compile(r"[0-9]{12}")
_ARN = re.compile(r"arn:[a-z-]{3,20}:(?P<service>sts|iam)::(?P<account>[0-9]{12}):(?P<resource>[!-~]{1,400})")
_ASSUMED_ROLE = re.compile(r"assumed-role/(?P<name>[^/]+)/[^/]+")
_NAMED = re.compile(r"(?:user|federated-user)/.+")


class Unreadable(Exception):  # noqa: N818 - a turn of events inside the services
    """The answer is not one that STS gives to GetCallerIdentity."""


@dataclass(frozen=True, kw_only=True)
class CallerIdentity:
    """Whom AWS says the signer is. `arn` is STS's own, with a role's session name."""

    account: str
    arn: str

    @property
    def subject(self) -> str:
        """What role patterns are held against: `role/<name>`, `user/<path/name>`, `federated-user/<name>`.

        AWS shows an assumed role without its path; within an account its name alone is unique. "" for the
        account's root and anything else.
        """
        resource = self.arn.split(":", 5)[5]
        if assumed := _ASSUMED_ROLE.fullmatch(resource):
            return f"role/{assumed['name']}"
        return resource if _NAMED.fullmatch(resource) else ""


def read_caller_identity(answer: bytes) -> CallerIdentity:
    """Raises Unreadable."""
    if len(answer) > MAX_ANSWER_BYTES or b"<!" in answer:  # no document type: no entities to expand
        raise Unreadable(f"an answer of {len(answer)} bytes, or one with a document type")
    try:
        root = ElementTree.fromstring(answer)  # noqa: S314 - small, and without a document type
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the last two: of odd encodings
        raise Unreadable(str(error)) from None
    result = _only(root, "GetCallerIdentityResult")
    if root.tag != f"{_NAMESPACE}GetCallerIdentityResponse":
        raise Unreadable(f"an answer of the kind {root.tag[:100]}")
    account, arn = _text(_only(result, "Account")), _text(_only(result, "Arn"))
    _text(_only(result, "UserId"))
    match = _ARN.fullmatch(arn)
    if _ACCOUNT.fullmatch(account) is None or match is None or match["account"] != account:
        raise Unreadable("an ARN that is not of the account")
    return CallerIdentity(account=account, arn=arn)


def _only(parent: ElementTree.Element, name: str) -> ElementTree.Element:
    found = parent.findall(f"{_NAMESPACE}{name}")
    if len(found) != 1:
        raise Unreadable(f"{len(found)} times {name}")
    return found[0]


def _text(element: ElementTree.Element) -> str:
    if len(element) or not element.text:
        raise Unreadable(f"no text in {element.tag[:100]}")
    return element.text
