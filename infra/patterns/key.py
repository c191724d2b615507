"""A KMS key with its alias."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.naming import Home, Names
from infra.patterns.iam import Statement, policy
from infra.patterns.protection import Protection


@dataclass(frozen=True, kw_only=True)
class KeyArgs:
    """`kind`: `encryption` is symmetric and renewed every year, `hmac` (SHA-256) cannot be renewed.
    `statements`: for services that use the key; whom IAM policies allow is allowed without.
    """

    noun: str
    description: str
    kind: Literal["encryption", "hmac"]
    statements: Sequence[Statement] = ()
    names: Names
    home: Home
    protection: Protection


class Key(pulumi.ComponentResource):
    id: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: KeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("sar:patterns:Key", name, None, opts)
        administration = Statement(
            sid="IamPoliciesOfTheAccount",
            principals={"AWS": args.home.root},
            actions=["kms:*"],
            resources=["*"],  # in a key policy: this key
        )
        symmetric = args.kind == "encryption"
        key = aws.kms.Key(
            name,
            description=args.description,
            key_usage="ENCRYPT_DECRYPT" if symmetric else "GENERATE_VERIFY_MAC",
            customer_master_key_spec="SYMMETRIC_DEFAULT" if symmetric else "HMAC_256",
            enable_key_rotation=symmetric,
            deletion_window_in_days=args.protection.key_deletion_days,
            policy=policy(administration, *args.statements),
            opts=args.protection.options(self),
        )
        aws.kms.Alias(
            name,
            name=f"alias/{args.names.of(args.noun)}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id, self.arn = key.key_id, key.arn
        self.register_outputs({"id": key.key_id, "arn": key.arn})
