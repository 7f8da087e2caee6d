"""The shared words as frozen values: addresses, flow batches, exporters, attacks, facts and refusals.

Nothing here does anything to the world, and nothing here imports another room.
"""

from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Attack, Rate, VectorRate
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.flows import FLOW, FlowBatch
from tidegate.model.refusals import Full, Malformed, NotAllowed
from tidegate.model.summaries import CELL, SecondSummary

__all__ = [
    "CELL",
    "FLOW",
    "Attack",
    "DatagramBlock",
    "FlowBatch",
    "Full",
    "Malformed",
    "NotAllowed",
    "Prefix",
    "Rate",
    "SecondSummary",
    "VectorRate",
]
