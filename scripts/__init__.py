"""What developers and operators run; `README.md` here is the index."""
