"""What changed between two datasets, and which versions does a workspace keep of them?"""
