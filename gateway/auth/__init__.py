"""Authentication and authorization: tokens, codes, policy, visibility and revocation."""
