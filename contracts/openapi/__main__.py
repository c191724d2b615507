"""`python -m contracts.openapi [--check]`: writes sdk.yaml, or tells by exit status if it is current."""

import argparse
import sys

from contracts.openapi.document import CONTRACT, document, service_model, text_of


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    text = text_of(document(service_model()))
    if check:
        current = CONTRACT.exists() and CONTRACT.read_text(encoding="utf-8") == text
        print(f"{CONTRACT.name} is {'up to date' if current else 'out of date: python -m contracts.openapi'}")
        return 0 if current else 1
    CONTRACT.write_text(text, encoding="utf-8")
    print(f"{CONTRACT.name}: {len(text.splitlines())} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
