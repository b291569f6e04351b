"""Settings that all tests share."""

import os

from hypothesis import settings

# how long an example takes says nothing about whether it is right
settings.register_profile("sbrtcheck", deadline=None)
settings.load_profile("sbrtcheck")

# figures are looked at by their properties, on no screen
os.environ["MPLBACKEND"] = "Agg"
