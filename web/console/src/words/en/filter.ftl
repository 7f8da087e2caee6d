as-file = The table as a file
