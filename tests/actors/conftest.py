"""Ray's key-value store in memory, for the cluster configuration."""

import pytest

from actors import cluster_config


class KeyValues(dict[bytes, bytes]):
    """Stands in for `ray.experimental.internal_kv`."""

    def list_keys(self, prefix: bytes, *, namespace: str) -> list[bytes]:
        return [key for key in self if key.startswith(prefix)]

    def get_value(self, key: bytes, *, namespace: str) -> bytes | None:
        return self.get(key)

    def put(self, key: bytes, value: bytes | str, *, overwrite: bool, namespace: str) -> bool:
        """Returns whether the key existed, and then changes nothing."""
        assert not overwrite
        exists = key in self
        self.setdefault(key, value.encode() if isinstance(value, str) else value)
        return exists


@pytest.fixture
def key_values(monkeypatch: pytest.MonkeyPatch) -> KeyValues:
    key_values = KeyValues()
    monkeypatch.setattr(cluster_config, "_internal_kv_list", key_values.list_keys)
    monkeypatch.setattr(cluster_config, "_internal_kv_get", key_values.get_value)
    monkeypatch.setattr(cluster_config, "_internal_kv_put", key_values.put)
    monkeypatch.setattr(cluster_config, "_with_code", lambda config: config)
    return key_values
