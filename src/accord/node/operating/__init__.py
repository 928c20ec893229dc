"""Running a node: copy it, put it back, rebuild what is derived, say how it is, check that all fits together."""
