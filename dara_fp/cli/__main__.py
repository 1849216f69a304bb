"""`python -m dara_fp.cli` is `dara`."""

from dara_fp.cli.commands import main

main()
