"""Print the verdict on a run: `python -m proof.checker RUN_DIR [--json]`."""

import sys

from proof.check import main

sys.exit(main())
