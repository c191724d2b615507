"""`down` and `purge`."""

import shutil
import sys

from localcloud.cloud import services
from localcloud.cloud.errors import LocalCloudError
from localcloud.commands.exclusive import exclusive
from localcloud.commands.keys import SECRETS_FILE
from localcloud.places import Places


def down(places: Places) -> None:
    """Stop emulator and gateway; what the emulator holds is saved and there again after `up`."""
    with exclusive(places):
        stopped = services.stop(places)
    print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


def purge(places: Places, *, sure: bool) -> None:
    """Stop everything and delete what the local cloud holds, its stacks and keys included.

    Caches stay: virtual environments, the Pulumi CLI, wheels. Raises LocalCloudError when nobody agrees.
    """
    if not sure:
        _ask(places)
    with exclusive(places):
        services.stop(places)
        for folder in (places.cloud, places.state, places.config, places.logs):
            shutil.rmtree(folder, ignore_errors=True)
        held = (places.env_file, places.credentials_file, places.instance / SECRETS_FILE)
        for file in (*held, *places.instance.glob("env.*")):
            file.unlink(missing_ok=True)
    print("The local cloud is empty; caches were kept.")


def _ask(places: Places) -> None:
    question = f"Delete all that the local cloud in {places.instance} holds? [y/N] "
    if not sys.stdin.isatty():
        raise LocalCloudError(
            "`purge` deletes data and nobody is here to agree: pass --yes (make purge ARGS=--yes)."
        )
    if input(question).strip().lower() not in {"y", "yes"}:
        raise LocalCloudError("Nothing was deleted.")
