"""What a process does of the whole: everything, or one part of it beside others on PostgreSQL."""

from typing import Literal

#: `intake` takes messages in as far as the journal, `worker` does all that follows from them,
#: `console` serves officers. There may be any number of each on any number of machines.
Role = Literal["all", "intake", "worker", "console"]

TAKING_IN: frozenset[Role] = frozenset({"all", "intake"})
WORKING: frozenset[Role] = frozenset({"all", "worker"})
SERVING_OFFICERS: frozenset[Role] = frozenset({"all", "console"})
