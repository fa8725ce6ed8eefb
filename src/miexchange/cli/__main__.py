"""Let ``python -m miexchange.cli`` be the `miexchange` command."""

import sys

from miexchange.cli import main

if __name__ == "__main__":
    sys.exit(main())
