"""Which serving systems' exports can be read? One module a format, listed in `registry`."""
