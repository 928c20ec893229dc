"""What a node keeps: statements, logs and what is derived from them, in SQLite or PostgreSQL, under one protocol.

`open_store` opens either. SQL is written once, in what both speak; `?` stands for a parameter, BLOB for bytes.
"""

from __future__ import annotations

from .interface import Row, Store, Transaction
from .opening import open_store

__all__ = ["Row", "Store", "Transaction", "open_store"]
