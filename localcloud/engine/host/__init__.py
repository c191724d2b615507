"""`pulumi-language-python`: the language host that a CLI built from source lacks.

The engine starts one per update and drives it over gRPC (`LanguageRuntime`). It answers which plugins the
program needs, runs the program in the virtual environment that Pulumi.yaml names, and runs policy packs. It
behaves as the stock host does where the engine or the person can tell the difference, with one exception: a
virtual environment that is missing is an error with a remedy, never a silent fall back to the host's own
interpreter.

Nothing it starts outlives it: see :mod:`localcloud.engine.host.children` and ``__main__``.
"""
