"""`python -m cronsole`, the same as the `cronsole` command."""

from cronsole.cli.main import main

main()
