"""API Gateway's REST data plane for the local cloud.

request ─> app ─> directory (which API, whose, which stage) ─> routing ─> authorizer ─> functions ─> answers
                                                  every refusal ─> refusals (the API's gateway responses)

API definitions are read from the emulator in the owner's account; functions run in the emulator. What is not
emulated is refused aloud: other integrations than AWS_PROXY, other authorisers than REQUEST without caching.

Sources of the rules: the API Gateway developer guide ("Set up Lambda proxy integrations", "Input to an API
Gateway Lambda authorizer", "Gateway response types", "Amazon API Gateway important notes") and events that
LocalStack's test suite recorded from AWS. `tests/localcloud/shapes/` holds the shapes they agree on.
"""
