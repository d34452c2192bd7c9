"""From exported files to committed batches: which files, of which kind, in which groups."""
