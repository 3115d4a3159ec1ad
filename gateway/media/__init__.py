"""Photos of dishes: converted in a process of their own, stored in a folder or an object store."""
