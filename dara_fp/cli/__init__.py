"""The command line: `dara demo | serve | worker | run | graph | sandbox`."""

from dara_fp.cli.commands import main

__all__ = ["main"]
