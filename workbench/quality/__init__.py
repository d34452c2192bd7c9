"""What is wrong with the data itself? Functions over profiles and rows; no store, no clock.

`sides` holds what is compared. One module a family of faults (`missing`, `units`, `clocks`,
`swaps`, `codes`, `points`, `ranges`, `outputs`, `volume`, `labels`, `schema`, `repeats`) gives
`Finding`s; `findings` turns one into a `Fault` with its onset, share, confinement and harm.
"""
