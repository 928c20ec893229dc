"""Trust lists: every list that is sound in itself, by operator and number. Which of them count, a node decides."""
