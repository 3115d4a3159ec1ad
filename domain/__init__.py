"""The rules of a restaurant, pure: state and command in, events and effects out.

No Ray, I/O, clock or randomness may be imported here. What time it is, who asks and which new ids
there are comes in with the `Context`.
"""
