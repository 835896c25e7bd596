"""`python -m proof.checker RUN_DIR [--json]`: the verdict on a run."""

import sys

from proof.check import main

sys.exit(main())
