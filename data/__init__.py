"""From a file to a :class:`~data.trial.Trial`: endpoints, readers, mapping and checks.

Nothing here knows of statistics, figures or the screen.
"""
