"""The words of the field, as frozen dataclasses; no file, no clock, no connection."""
