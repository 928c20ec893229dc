"""How each statement stands: revoked, replaced, withheld or erased, since when, why and by whom."""
