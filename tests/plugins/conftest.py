"""Lets tests beside it import ``dicoms``, which makes files for them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
