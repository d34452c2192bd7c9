"""The only owner of a workspace's DuckDB file, segments and quarantine; all SQL lives here."""
