"""What is to be done about a model: retrain, redesign, mend what feeds it, or nothing?"""
