"""``python -m speechlab`` is the command line."""

import sys

from speechlab.apps.cli import main

sys.exit(main())
