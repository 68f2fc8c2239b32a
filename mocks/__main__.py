"""Entry point of ``python -P -m mocks``."""

import sys

from mocks.main import main

if __name__ == "__main__":
    sys.exit(main())
