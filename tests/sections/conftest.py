"""What the tests of sections share stands beside them: runs.py, claim_search.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("claim_search")
