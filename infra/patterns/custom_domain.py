"""A name of one's own for a REST API: certificate ─▶ domain name ─▶ the API's stage; an alias in the zone.

The mapping has no base path, so paths under the name begin with the API's own resources. TLS 1.2 at least.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class CustomDomainArgs:
    """`domain`: the host name. `zone_id`: the Route 53 zone that it lies in, in this account.
    `certificate_arn`: of this region and account; None asks ACM for one and proves the name in the zone.
    """

    domain: str
    zone_id: str
    certificate_arn: str | None
    api_id: pulumi.Input[str]
    stage_name: pulumi.Input[str]


class CustomDomain(pulumi.ComponentResource):
    url: pulumi.Output[str]  # without a slash at the end

    def __init__(self, name: str, args: CustomDomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("sar:patterns:CustomDomain", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        domain = aws.apigateway.DomainName(
            name,
            domain_name=args.domain,
            regional_certificate_arn=args.certificate_arn or self._certificate(name, args),
            endpoint_configuration={"types": "REGIONAL"},
            security_policy="TLS_1_2",
            opts=self._child,
        )
        aws.apigateway.BasePathMapping(
            name,
            domain_name=domain.domain_name,
            rest_api=args.api_id,
            stage_name=args.stage_name,
            opts=self._child,
        )
        for kind in ("A", "AAAA"):
            aws.route53.Record(
                f"{name}-{kind.lower()}",
                zone_id=args.zone_id,
                name=args.domain,
                type=kind,
                aliases=[
                    {
                        "name": domain.regional_domain_name,
                        "zone_id": domain.regional_zone_id,
                        "evaluate_target_health": False,
                    }
                ],
                opts=self._child,
            )
        self.url = pulumi.Output.concat("https://", domain.domain_name)
        self.register_outputs({"url": self.url})

    def _certificate(self, name: str, args: CustomDomainArgs) -> pulumi.Output[str]:
        """The ARN, once ACM has seen the proof; that may take minutes."""
        certificate = aws.acm.Certificate(
            name, domain_name=args.domain, validation_method="DNS", opts=self._child
        )
        asked = certificate.domain_validation_options[0]
        proof = aws.route53.Record(
            f"{name}-proof",
            zone_id=args.zone_id,
            name=asked.resource_record_name,
            type=asked.resource_record_type,
            records=[asked.resource_record_value],
            ttl=300,
            opts=self._child,
        )
        return aws.acm.CertificateValidation(
            name, certificate_arn=certificate.arn, validation_record_fqdns=[proof.fqdn], opts=self._child
        ).certificate_arn
