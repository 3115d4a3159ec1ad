"""The wire types that the service and its Python client share: channels, messages, error codes.

Data only. Nothing here may import more than the standard library and `typing_extensions`.
"""
