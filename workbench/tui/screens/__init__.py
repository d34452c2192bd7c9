"""One module and one stylesheet a screen; a screen asks in workers and shows what they post."""
