"""The export formats of serving systems."""
