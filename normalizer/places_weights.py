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
        "before count": 0.32,
        "before direction": -0.66,
        "district": -0.53,
        "district district": 1.4,  # set
        "district first": 0.35,
        "district in address": 0.64,
        "district in chain": 0.8,  # set
        "district in text": 0.51,
        "district landmark": 0.21,
        "district middle": 0.46,
        "district street": -0.13,
        "district village": -0.14,
        "district whole": 0.48,
        "elsewhere": -0.08,
        "its district district": 0.64,
        "its district in address": 0.79,
        "its district in text": 0.46,
        "name before district": 1.2,  # set
        "name district": -0.13,
        "name first": 0.63,
        "name in address": 0.29,
        "name in chain": 1.0,  # set
        "name in text": -0.12,
        "name landmark": -0.07,
        "name middle": 0.34,
        "name street": 0.24,
        "name village": 1.74,
        "name whole": 0.42,
        "namesakes": -1.2,
        "other regency named": -1.5,  # set
        "outside": -1.5,  # set
        "regency named": 0.22,
        "shared": -0.25,
        "shared whole": 0.25,
        "typo": -0.1,  # set
        "village": 0.61,
    },
)

LEARNED = Weights(
    village_limit=0.765,
    district_limit=0.58,
    of={
        "before count": 0.28,
        "before direction": -0.06,
        "best in address": 1.41,
        "best in text": 0.48,
        "district": -0.73,
        "district best": 1.05,
        "district district": 1.4,  # set
        "district first": -0.61,
        "district in address": 0.14,
        "district in chain": 0.8,  # set
        "district in text": 0.95,
        "district landmark": -0.17,
        "district middle": 1.05,
        "district score share": 1.57,
        "district street": -0.5,
        "district told": 0.19,
        "district village": -0.02,
        "district whole": 1,
        "elsewhere": 1.78,
        "its district best": 2.78,
        "its district district": 0.04,
        "its district in address": 0.23,
        "its district in text": 1.18,
        "name before district": 0.8,  # set
        "name district": 0.05,
        "name first": 0.7,
        "name in address": -0.6,
        "name in chain": 0.59,
        "name in text": 0.44,
        "name landmark": -0.23,
        "name middle": 0.71,
        "name street": 0.36,
        "name village": 2.5,
        "name whole": 0.02,
        "namesakes": 0.06,
        "other regency named": -1.5,  # set
        "outside": -1.5,  # set
        "regency named": 0.27,
        "score": 2.93,
        "score lead": -0.95,
        "score share": 1.7,
        "shared": -0.08,
        "shared whole": 0.71,
        "sure in address": -0.72,
        "sure in text": 0.23,
        "told by address": 0.21,
        "typo": -0.1,  # set
        "village": -1.05,
    },
)
