"""`pulumi up` starts here."""

import pulumi

from infra.service.flow import deploy
from infra.settings import load

for name, value in deploy(load()).items():
    pulumi.export(name, value)
