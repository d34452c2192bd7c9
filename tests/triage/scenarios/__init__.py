"""Labelled incidents with a planted cause, as plain workspaces of the contract.

`catalogue.scenario(family, kind, number)` makes one: a world (`worlds`), a champion trained in it
(`champions`), a cause (`causes_*`) planted from an onset on (`planting`) so strong that the bad rate
rises by a factor of the floor, and what an oracle that knows all this says of it (`oracle`).
`workspaces.export` writes it as a workspace and ingests it.
"""
