"""A node: it keeps statements and a log, serves them, follows its peers, and stays sovereign over what it shows."""
