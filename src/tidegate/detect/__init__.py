"""From flow batches to attacks: counting by second, what is usual, the decision, the smallest targets.

`SecondCounter` (detect.counting) lives with the collector, `Detector` (detect.detector) with the node.
Import them from their own files: only counting loads Numba.
"""

from tidegate.detect.settings import CountingSettings, DetectionSettings, Floors, WatchedObject

__all__ = ["CountingSettings", "DetectionSettings", "Floors", "WatchedObject"]
