"""The terminal UI: the only part of the package that imports Textual."""
