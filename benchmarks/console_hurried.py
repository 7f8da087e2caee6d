"""`tidegate` with the console's events at another pace, so that an hour of them fits in some minutes.

Run as `python -m benchmarks.console_hurried SECONDS console ...`; that long is the pause between two events.
"""

import sys

from tidegate.__main__ import main
from tidegate.console import pulse

if __name__ == "__main__":
    pulse.PULSE_S = float(sys.argv.pop(1))
    main()
