"""The demo's story beside the flood: a second party, what both say and owe, a rehearsal, and the proof."""
