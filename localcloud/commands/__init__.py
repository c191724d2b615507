"""What `python -m localcloud` can do: one module a command, each with one function of the command's name."""
