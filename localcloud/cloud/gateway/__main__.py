"""Run the gateway: `python -m localcloud.cloud.gateway --port 4567 --emulator URL FOLDER…`."""

import argparse
import logging
import sys
from pathlib import Path

from localcloud.cloud.accounts import known_homes
from localcloud.cloud.gateway.app import Gateway
from localcloud.cloud.gateway.directory import Directory
from localcloud.cloud.gateway.functions import EmulatorFunctions, connector
from localcloud.cloud.gateway.server import server


def main() -> None:
    """Serve until SIGTERM or SIGINT; the access log goes to standard output."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.cloud.gateway")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--emulator", required=True, help="URL of the emulator")
    parser.add_argument("folders", nargs="*", type=Path, help="where Pulumi.<stage>.yaml files lie")
    options = parser.parse_args()
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    connect = connector(options.emulator)
    directory = Directory(connect, lambda: known_homes(options.folders))
    server(Gateway(directory, EmulatorFunctions(connect)), options.port).run()


if __name__ == "__main__":
    main()
