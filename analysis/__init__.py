"""What a trial and settings become: slopes, comparisons, tests. No screen and no figure."""
