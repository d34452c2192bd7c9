"""How is a model made anew, judged, kept and put in charge?"""
