"""How hard it is to lose what holds data."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class Protection:
    """`protect`: Pulumi and the service refuse to delete. `retain`: a destroy leaves the resource in place.
    `key_deletion_days`: 7 to 30, in which the deletion of a KMS key can be called off.
    """

    protect: bool
    retain: bool
    key_deletion_days: int

    def options(self, parent: pulumi.Resource) -> pulumi.ResourceOptions:
        """For the child that holds the data."""
        return pulumi.ResourceOptions(parent=parent, protect=self.protect, retain_on_delete=self.retain)
