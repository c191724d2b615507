"""The Pulumi engine on this machine: find or build the CLI, create stacks, run updates.

The whole public interface, in the order a caller uses it::

    toolchain = ensure_pulumi(places)                      # minutes the first time, < 1 s afterwards
    stack = open_stack(                                    # idempotent; about 1 s when the stack is new
        places, toolchain, stage="alpha", name="alpha-us-east-1",
        variables={"AWS_ENDPOINT_URL": "...", "AWS_ACCESS_KEY_ID": "...", ...},
        overrides={"registry:architecture": "arm64"},
    )
    run_pulumi(stack, "up")                                # streams to stdout, raises EngineError
    outputs = stack_outputs(stack)                         # {"sdk_api_url": "...", ...}

Every failure is an :class:`EngineError` whose text is one sentence for the person at the keyboard and says
what to do. `places` (:class:`localcloud.places.Places`) says where things lie: all that is written goes to
its instance folder, but for the CLI build, which checkouts share by version and platform.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.engine.errors import (
        EngineError,
        StackLockedError,
        ToolchainError,
        UnexpectedChangesError,
        UpdateCancelledError,
        UpdateFailedError,
    )
    from localcloud.engine.running import run_pulumi, stack_outputs
    from localcloud.engine.stacks import Stack, create_stack, open_stack, pulumi_environment
    from localcloud.engine.stage_files import prepare_stage_file
    from localcloud.engine.toolchain import Toolchain, ensure_pulumi

__all__ = [
    "EngineError",
    "Stack",
    "StackLockedError",
    "Toolchain",
    "ToolchainError",
    "UnexpectedChangesError",
    "UpdateCancelledError",
    "UpdateFailedError",
    "create_stack",
    "ensure_pulumi",
    "open_stack",
    "prepare_stage_file",
    "pulumi_environment",
    "run_pulumi",
    "stack_outputs",
]

_MODULES = ("errors", "toolchain", "stage_files", "stacks", "running")


def __getattr__(name: str) -> Any:
    """Load what is asked for: host and provider start with every update, and need nothing of this."""
    if name in __all__:
        for module in map(import_module, (f"{__name__}.{module}" for module in _MODULES)):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
