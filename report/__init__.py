"""What a result becomes: words, figures, tables and files. Nothing here knows of the screen."""
