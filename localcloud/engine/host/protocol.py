"""Loads the engine's protocol without the SDK around it.

Importing `pulumi.runtime.proto` would import the whole SDK first, a third of a second at each update. The
protocol's modules need none of it, so empty packages stand in for it.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load_alone() -> None:
    """Make `import pulumi.runtime.proto.x_pb2` cheap in this process, which must not need the SDK itself."""
    if "pulumi" in sys.modules:
        return
    spec = importlib.util.find_spec("pulumi")
    if spec is None or spec.origin is None:
        raise ImportError("the Pulumi SDK is not installed")
    folder = Path(spec.origin).parent
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        package = ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
