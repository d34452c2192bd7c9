"""How many predictions are bad? Pure functions over the counted outcomes of buckets, and over rows.

`metrics` and `intervals` measure, `judgement` says whether a rate has risen, `timeline` does
it for every bucket and for a whole period. What labels would say before they come:
`calibration` and `estimation` from counts of scores, `row_estimation` from rows (with
`class_probabilities`, `loss_model`, `weighting`), `estimated_rates` puts them beside what was
realised, `concept` judges the difference. `completeness` says whether the labels are in.
"""
