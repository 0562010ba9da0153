"""Figures, tables and sentences as they are shown on pages, in decks and in files."""
