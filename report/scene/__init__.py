"""Figures as lists of lines, marks and words in pixels, for slides and for paper."""
