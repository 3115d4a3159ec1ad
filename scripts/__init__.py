"""Programs of developers and operators; `README.md` here is the index."""
