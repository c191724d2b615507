"""Reading the real applications' templates: parse and the whole analysis against bare PyYAML, in one run.

    python benchmarks/parse.py [--json]

Processor time, median over the corpus. Bare PyYAML is CSafeLoader with CloudFormation's tags passed through.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import yaml

from registry.domain.analysis import analyse
from registry.domain.assets import find_assets
from registry.domain.templates import parse_template
from tests.support.corpus import applications, prepared


class _Bare(yaml.CSafeLoader):
    """As fast as PyYAML can be."""


_Bare.add_multi_constructor("!", lambda _loader, _suffix, node: node.value)


def everything(text: str) -> None:
    template = parse_template(text)
    analyse(template)
    find_assets(template)


def median_ms(read: Callable[[str], Any], texts: list[str]) -> float:
    taken = []
    for text in texts:
        began = time.process_time()
        read(text)
        taken.append(time.process_time() - began)
    return statistics.median(taken) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    texts = [prepared(app, "bucket", "key")["template"] for app in applications()]
    bare = median_ms(lambda text: yaml.load(text, Loader=_Bare), texts)
    found = {"parse": median_ms(parse_template, texts), "parse and analyse": median_ms(everything, texts)}
    if asked.json:
        print(json.dumps({"bare_ms": bare, **{f"{name}_ratio": ms / bare for name, ms in found.items()}}))
        return
    print(f"{len(texts)} templates; bare PyYAML {bare:.2f} ms")
    for name, ms in found.items():
        print(f"{name:18} {ms:6.2f} ms   {ms / bare:.2f} x bare PyYAML")


if __name__ == "__main__":
    main()
