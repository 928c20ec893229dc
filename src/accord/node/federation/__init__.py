"""Following other nodes by pull: their logs are mirrored and verified, what they show is read and judged here."""
