"""PowerPoint files: slides whose charts are native and editable."""
