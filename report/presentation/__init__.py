"""What is chosen for a talk or a text, and what all files of it hold."""
