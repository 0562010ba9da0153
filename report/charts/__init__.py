"""Figures built from results, in plotly, for any :class:`~report.look.Look`."""
