"""The words of the system: ids, commands, events, snapshots, errors and frames.

Pure values and their parsing. Nothing here may import Ray, Redis or Starlette, or decide anything.
"""
