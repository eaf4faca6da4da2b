"""
How much each piece of evidence weighs, and from which probability on a place is believed.

The weights are those of a conditional logit: the probability of a candidate grows with the sum of
the weights of what speaks for it, against all other candidates. They were fitted on the reports of
one city in 2022 that carry the village their writers chose (about 40 numbers, no words); the ones
marked "set" occur too seldom there and are set by judgement. Two tables, because a name that
stands alone tells more where learned streets have been asked as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One table, and the limits that belong to its probabilities."""

    of: Mapping[str, float]
    #: A village, or a district, is told from this probability on.
    village_limit: float
    district_limit: float


RULES = Weights(
    village_limit=0.82,
    district_limit=0.79,
    of={
        "village": 0.54,
        "district": -0.5,
        "elsewhere": 0.0,
        "name village": 1.87,
        "name whole": 0.92,
        "name first": 0.64,
        "name middle": 0.33,
        "name street": 0.3,
        "name landmark": 0.03,
        "name district": -0.08,
        "name in address": 0.37,
        "name in text": -0.11,
        "namesakes": -1.35,
        "shared": -0.84,
        "shared whole": -0.52,
        "before count": 0.34,
        "before direction": -0.63,
        "its district district": 0.57,
        "its district in address": 1.28,
        "its district in text": 0.75,
        "district district": 1.4,  # set: where the whole country is meant, not one city
        "district whole": 0.19,
        "district first": 0.27,
        "district middle": 0.43,
        "district street": -0.49,
        "district landmark": 0.12,
        "district village": -0.27,
        "district in address": 0.59,
        "district in text": 0.46,
        "regency named": 0.6,  # set
        "other regency named": -1.5,  # set
        "outside": -1.5,  # set
        "typo": -0.1,  # set
    },
)

LEARNED = Weights(
    village_limit=0.715,
    district_limit=0.55,
    of={
        "village": -0.72,
        "district": -0.76,
        "elsewhere": 1.48,
        "name village": 1.62,
        "name whole": 0.21,
        "name first": 0.67,
        "name middle": 0.34,
        "name street": 0.34,
        "name landmark": -0.22,
        "name district": -0.02,
        "name in address": 0.19,
        "name in text": 0.62,
        "namesakes": 0.04,
        "shared": 0.26,
        "shared whole": 0.47,
        "before count": 0.33,
        "before direction": -0.14,
        "told by address": 0.28,
        "best in address": 1.58,
        "best in text": 0.72,
        "sure in address": 0.42,
        "sure in text": 1.05,
        "its district district": 0.04,
        "its district in address": 0.39,
        "its district in text": 0.87,
        "its district best": 2.21,
        "district best": 1.34,
        "district told": 0.25,
        "district district": 1.4,  # set, as above
        "district whole": 0.17,
        "district first": -0.12,
        "district middle": 0.34,
        "district street": 0.06,
        "district landmark": 0.22,
        "district village": -0.04,
        "district in address": 0.43,
        "district in text": 0.56,
        "regency named": 0.5,
        "other regency named": -1.5,  # set
        "outside": -1.5,  # set
        "typo": -0.1,  # set
    },
)
