"""What must never be committed: a package registry's host name, a path of one machine, a binary.

Run by `make check`; prints each offence as `file:line: what` and exits 1.
"""

import re
import subprocess
import sys
from pathlib import Path

# One letter of each name stands in brackets, so that this file names none of them.
FORBIDDEN = re.compile(
    rb"p[y]pi\.org|python[h]osted|registry\.npm[j]s|proxy\.go[l]ang|sum\.go[l]ang|repo1?\.m[a]ven|crates\.[i]o/"
    rb"|deb\.deb[i]an|(?:^|[^A-Za-z0-9_.])/(?:w[o]rk|f[a]rm)/|/r[o]ot/\."
)


def offences(paths: list[str]) -> list[str]:
    """One line for each offence in these files."""
    found = []
    for path in paths:
        content = Path(path).read_bytes()
        if b"\0" in content:
            found.append(f"{path}: a binary file")
            continue
        for number, line in enumerate(content.splitlines(), 1):
            if hit := FORBIDDEN.search(line):
                found.append(
                    f"{path}:{number}: {hit.group().decode()!r} is a registry's host or a machine's path"
                )
    return found


def main() -> int:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    )
    paths = [p for p in listing.stdout.decode().split("\0") if p and Path(p).is_file()]
    found = offences(paths)
    print("\n".join(found) or f"hygiene: {len(paths)} files clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
