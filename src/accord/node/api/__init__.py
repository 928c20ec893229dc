"""The interface for programs, under /api/v1, and the log, under /log: thin handlers that unpack, call and pack."""
