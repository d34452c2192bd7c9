"""What do the numbers mean? The prose of `?`, one text a screen, no line over 74 cells."""

from __future__ import annotations

_STATUS = """\
ALERT !    the bad-prediction rate is above the critical threshold by more
           than chance explains, a column has drifted past its critical
           threshold, or the model has been silent for too long
WARN ~     the same for the warning threshold
OK         judged, and nothing found
UNKNOWN ?  not judgeable yet, which is not OK; the reason is given
NO DATA ?  no predictions in the window
"""

FLEET_HELP = f"""{_STATUS}
BAD RATE   bad predictions as a share of the labelled ones in the model's
           window; its card says what is bad. In brackets the 95 % interval.
N          labelled predictions in the window; labels may come days later
REF        the same rate in the reference, when the model was well
TREND      bad rates of the newest 24 buckets, newest at the right. The scale
           starts at zero and holds twice the reference.
DRIFT      features that moved, of those watched. Drift is not harm: a model
           can be bad without any, and well with much.
AGE        of the newest prediction, by the clock of this machine
"""

MODEL_HELP = f"""{_STATUS}
The chart shows the bad-prediction rate of each bucket, from zero up. The
solid line is the critical threshold, the broken one the warning threshold;
both are written at the left. What lies above is bold and coloured. A gap has
no labels yet. The triangle on the axis is where the rate last began to stay
above.

Suspects are columns that moved against the reference, the worst first, then
columns with values that the reference does not have or with more missing
values. A suspect is not proven guilty: the size of a drift does not rank the
harm it does.
PSI        0.1 is worth a look, 0.25 is large, unless the card says otherwise
shift      Wasserstein distance in standard deviations of the reference
unseen     categories that the reference does not have
"""

DRIFT_HELP = """\
A column is marked only when it moved far enough (PSI or WASS) and more
than chance explains (P ADJ, adjusted for all columns looked at).
PSI        population stability index over ten reference-quantile bins, or
           categories; 0.1 is worth a look, 0.25 is large, unless the card
           says otherwise
WASS       Wasserstein distance in standard deviations of the reference:
           how far values moved on average; numbers only
KS         largest gap between the two distribution functions; numbers only
MISSING %  share of missing values in the reference, then now
UNSEEN     how many categories appear now that the reference does not have
P ADJ      the chance of such a difference were nothing changed, adjusted
UNKNOWN ?  could not be compared; the strip below the table says why
"""

VERDICT_HELP = """\
The newest recorded verdict; where there is none, triage runs at once. T runs
it anew on the period chosen with t on the model's screen.
sure       share of resamplings that give the same verdict, calibrated
then       what remains to be done once the causes are mended
cause      what makes predictions worse, and its share of the rise
for        figures that speak for the verdict
against    figures that speak against it, or for another one
also       figures that only describe
keep out   rows that retraining leaves out
95 %       the interval of the figure; N the rows that it rests on
LIMIT      the threshold that it is held against
A share is a fraction: 0.21 is 21 %. The strip below says the row in full.

Nothing is done before a question is answered: it states what is done, on
which data, and at what cost. The model's name, typed, confirms; Enter on an
empty line and Esc cancel. A run goes on when the terminal UI is left.
"""

RUNS_HELP = """\
FITS       fits that have ended, of those planned
CHAMP      bad predictions of the champion on the newest labels
NEW        the same of the best challenger, on the same rows
gain       the difference in points, with its 95 % interval
left       if the fits to come take as long as those before
A run is read from the store: it goes on when the terminal UI is left, and is
here again afterwards. One whose process died is marked as failed. While a run
is under way the screen reads anew by itself, but not with --low-bandwidth.
Promotion asks first, and for a reason where the holdout speaks against it.
"""
