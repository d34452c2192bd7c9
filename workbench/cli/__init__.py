"""Arguments and printing only; every answer comes from the workspace."""
