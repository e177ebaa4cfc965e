"""``python -m choria``: the same as ``choria``."""

import sys

from choria_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
