"""What tests of instruments share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `written_documents` stands beside the tests


@pytest.fixture
def read(tmp_path):
    def reading(content, name="report.md"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        from accord.instruments.documents import read_document

        return read_document(path)

    return reading
