"""The border outside: a process that holds BGP sessions and leases, its BGP programs, and receivers to ask.

`start_border` gives the node a tidegate.ports.border.Border; `speak` is the life of the speaker's process.
"""

from tidegate.adapters.border.client import SpeakerClient, start_border

__all__ = ["SpeakerClient", "start_border"]
