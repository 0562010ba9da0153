"""From bytes to sheets of text: one module a family of formats, and nothing about meaning.

:func:`~data.formats.opening.read_sheets` is the gate; :class:`~data.formats.sandbox.SheetReader`
runs it in a child process with limits, because an uploaded file is never trusted.
"""
