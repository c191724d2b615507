"""A Pulumi resource provider that stands in for `pulumi-resource-aws`, against the local cloud only.

`python -m localcloud.provider` is the plugin. How a request travels::

    servicer ── gRPC in, gRPC out
      ├─ settings   provider configuration: region, account check, default tags
      ├─ checking   inputs → checked inputs (names, defaults, tags; what is not supported is refused here)
      ├─ diffing    checked inputs old and new → update in place, or replace
      └─ lifecycle  create, read, update, delete of any type, as its description says
           ├─ resources/<service>.py   one description per type (tables, and hooks where AWS is irregular)
           ├─ observing                what the cloud holds → inputs, so that a drift shows
           ├─ mapping                  properties ↔ API members, along botocore's own service models
           └─ cloud                    botocore clients

`facts.json` is what the stock provider is known to do (names, defaults, what replaces). To add a type: its
facts, its description, its case in `tests/provider/cases.py`.
"""
