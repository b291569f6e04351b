"""Settings that all tests share."""

import os

from hypothesis import settings

# how long an example takes says nothing about whether it is right
settings.register_profile("sbrtcheck", deadline=None)
# whether a commit passes must not hang on luck; run without this profile to search among new examples
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("sbrtcheck")

# figures are looked at by their properties, on no screen
os.environ["MPLBACKEND"] = "Agg"
