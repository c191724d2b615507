"""For every test: nothing of the developer's own cloud."""

import os


def pytest_configure() -> None:
    """A profile, key or endpoint in the shell must lead no test to a real account, or to `make up`'s."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "PULUMI_")) and name != "AWS_CA_BUNDLE"]:
        del os.environ[name]
