"""Access to the actors: commands, subscriptions, ids. Independent of HTTP and sockets."""
