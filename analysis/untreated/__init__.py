"""What the same people would show with no transplant at all, by simulation."""
