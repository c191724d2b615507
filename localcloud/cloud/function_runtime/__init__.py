"""On the path of every Python that the emulator starts; holds `sitecustomize` and nothing else."""
