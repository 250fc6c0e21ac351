"""The command: ``python -m tools.mutants [NAME...]``."""

import sys

from tools.mutants.runner import main

sys.exit(main(sys.argv[1:]))
