"""What a function imports before its first event is paid at each start of a sandbox."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

HEAVY = {"boto3", "cfnlint", "hypothesis", "jsonschema", "pydantic", "samtranslator", "sympy", "yaml"}


@pytest.mark.parametrize("name", ["announce_changes", "copy_assets", "clean_up", "check_templates"])
def test_a_worker_starts_without_what_only_some_events_need(name: str) -> None:
    code = f"import sys, registry.handlers.{name}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert HEAVY & set(ran.stdout.split()) == set()
