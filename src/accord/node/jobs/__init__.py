"""Jobs: a file is uploaded, a worker assesses it in a process of its own, and what comes of it is published here."""
