"""Trust: say it, sign it, log it, prove it (RFC 8785, in-toto, DSSE, C2SP)."""
