"""ministack as this local cloud runs it; started by path with the Python of the emulator's environment."""
