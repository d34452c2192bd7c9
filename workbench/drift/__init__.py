"""Which inputs and outputs moved? Pure functions over profiles of the same bins.

`profiling` counts values in memory. `divergence` and `distances` say how far two profiles are
apart. Whether chance would do that: `values` has the one p-value of a column, made of `location`,
`homogeneity`, `beyond` and `unseen` over the bins that `pooling` allows; `day_null` widens it to
the reference's own variation; `every_test` has all tests side by side, with the null laws of
`divergence_null` and `ks_null`. `columns` has all figures of one column, and `compare` puts a
status on it. `multivariate` looks at all columns at once, in rows.
"""
