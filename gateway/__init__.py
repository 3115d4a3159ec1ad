"""Gateways: sockets and HTTP, tokens and limits, streams to hosts. Without Ray and without rules.

A gateway has no state that must survive: everything that clients receive comes from hosts.
"""
