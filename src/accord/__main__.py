"""`python -m accord`."""

from .cli import main

main()
