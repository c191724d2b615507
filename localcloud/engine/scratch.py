"""Names for files that are written beside their place and then moved into it."""

import os
import threading
from pathlib import Path


def scratch_beside(target: Path) -> Path:
    """A hidden name in the target's folder that no other process or thread uses."""
    return target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
