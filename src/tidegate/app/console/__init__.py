"""What the console shows, and who may see and do what there; the door itself is `tidegate.console`."""
