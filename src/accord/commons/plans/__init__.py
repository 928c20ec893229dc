"""Plans: what will be measured, said before it is measured; and whether a result has followed."""
