"""Which inputs and outputs moved? Pure functions over profiles of the same bins.

`profiling` counts values in memory. `divergence` and `distances` say how far two profiles are
apart, `homogeneity` whether chance would do that; `columns` has all figures of one column, and
`compare` puts a status on it. A null law calibrated on the model's own history, and tests of
several columns at once, would be modules beside `homogeneity`.
"""
