"""The register: entries of AI systems, models and datasets, version by version, and when each is looked at again."""
