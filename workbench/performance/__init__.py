"""How many predictions are bad? Pure functions over the counted outcomes of buckets.

`metrics` and `intervals` measure, `judgement` says whether a rate has risen, `timeline` does
it for every bucket and for a whole period. What labels would say before they come is a
separate question with assumptions of its own; it would be a module beside `metrics`.
"""
