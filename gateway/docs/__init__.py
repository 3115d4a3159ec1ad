"""The OpenAPI and AsyncAPI documents, made from routes, commands and messages, and their pages."""
