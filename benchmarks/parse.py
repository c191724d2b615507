"""Reading the real applications' templates: all that publishing does to one, against bare PyYAML, in one run.

    python benchmarks/parse.py [--rounds 3] [--json]

Processor time: the median template, and all together; the best of the rounds. Bare
PyYAML is CSafeLoader with CloudFormation's tags passed through. Copies, store and cfn-lint are not in it.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import yaml

from registry.domain.analysis import analyse
from registry.domain.assets import find_assets, with_placeholders
from registry.domain.templates import parse_template
from registry.errors import Invalid
from tests.support.corpus import applications, prepared


class _Bare(yaml.CSafeLoader):
    """As fast as PyYAML can be."""


_Bare.add_multi_constructor("!", lambda _loader, _suffix, node: node.value)


def published(text: str) -> None:
    """From the text to the document that is stored."""
    template = parse_template(text)
    analyse(template)
    with_placeholders(template, dict.fromkeys(find_assets(template), "a" * 64)).dump()


def refusals(apps: list[dict[str, Any]]) -> dict[str, str]:
    """Why, by the application's name."""
    found = {}
    for app in apps:
        try:
            published(app["template"])
        except Invalid as refusal:
            found[app["name"]] = refusal.message
    return found


def times_ms(read: Callable[[str], Any], texts: list[str]) -> list[float]:
    taken = []
    for text in texts:
        began = time.process_time()
        read(text)
        taken.append((time.process_time() - began) * 1000)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    apps = [prepared(app, "bucket", "key") for app in applications()]
    refused = refusals(apps)
    texts = [app["template"] for app in apps if app["name"] not in refused]
    readers: dict[str, Callable[[str], Any]] = {
        "bare": lambda text: yaml.load(text, Loader=_Bare),
        "parse": parse_template,
        "publish": published,
    }
    rounds = {name: [times_ms(read, texts) for _ in range(asked.rounds)] for name, read in readers.items()}
    median = {name: min(map(statistics.median, taken)) for name, taken in rounds.items()}
    total = {name: min(map(sum, taken)) for name, taken in rounds.items()}
    result = {
        "templates": len(texts),
        "refused": len(refused),
        "bare_ms": round(median["bare"], 3),
        "parse_ratio": round(median["parse"] / median["bare"], 2),
        "publish_ratio": round(median["publish"] / median["bare"], 2),
        "publish_ratio_of_all": round(total["publish"] / total["bare"], 2),
    }
    if asked.json:
        print(json.dumps(result))
        return
    for name, why in refused.items():
        print(f"refused: {name}: {why[:140]}…")
    for name, value in result.items():
        print(f"{name:22} {value}")


if __name__ == "__main__":
    main()
