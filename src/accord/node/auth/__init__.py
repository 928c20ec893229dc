"""Who is asking: accounts, sessions, tokens, other nodes."""
