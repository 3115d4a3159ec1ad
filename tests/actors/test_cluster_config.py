"""Published configurations have consecutive versions, and the highest one applies."""

from dataclasses import replace

import pytest

from actors import cluster_config
from actors.cluster_config import HostConfig, StoreSettings
from engine.placement import Mode, Placement
from tests.actors.conftest import KeyValues

CONFIG = HostConfig(StoreSettings("redis://localhost"), Placement(Mode.SHARD, shards=2))

pytestmark = pytest.mark.usefixtures("key_values")


def published(config: HostConfig) -> HostConfig:
    result = cluster_config.compare_and_set(lambda before: config)
    assert result is not None
    return result


def test_nothing_is_in_force_but_the_callers_own_before_the_first_publication() -> None:
    assert cluster_config.latest() is None
    assert cluster_config.current(CONFIG) == CONFIG
    assert cluster_config.newer_than(CONFIG) == CONFIG


def test_versions_are_numbered_from_one(key_values: KeyValues) -> None:
    assert [published(CONFIG).placement.generation for _ in range(3)] == [1, 2, 3]
    assert len(key_values) == 3


def test_newer_than_returns_the_latest_version_from_any_earlier_one() -> None:
    first, _, third = (published(CONFIG) for _ in range(3))
    assert cluster_config.newer_than(first) == third
    assert cluster_config.newer_than(third) == third


def test_compare_and_set_starts_over_after_a_concurrent_publication() -> None:
    published(CONFIG)
    seen: list[int] = []

    def change(before: HostConfig | None) -> HostConfig:
        assert before is not None
        seen.append(before.placement.generation)
        if len(seen) == 1:
            published(replace(CONFIG, trace_sample_rate=0.5))
        return before

    result = cluster_config.compare_and_set(change)
    assert seen == [1, 2]
    assert result is not None
    assert (result.placement.generation, result.trace_sample_rate) == (3, 0.5)


def test_a_change_that_returns_none_publishes_nothing(key_values: KeyValues) -> None:
    assert cluster_config.compare_and_set(lambda before: None) is None
    assert not key_values


@pytest.mark.parametrize(("deployment", "is_own"), [(0, False), (1, False), (2, True)])
def test_the_configuration_of_a_later_deployment_is_in_force(
    deployment: int, *, is_own: bool
) -> None:
    later = published(replace(CONFIG, deployment=1))
    own = replace(CONFIG, deployment=deployment)
    assert cluster_config.current(own) == (own if is_own else later)


def test_publishing_the_same_configuration_again_changes_nothing(key_values: KeyValues) -> None:
    first = cluster_config.publish(CONFIG)
    assert cluster_config.publish(CONFIG) == first
    assert len(key_values) == 1


def test_publishing_keeps_the_actors_that_shards_were_migrated_to() -> None:
    published(replace(CONFIG, placement=CONFIG.placement.moved(0)))
    grown = replace(CONFIG, placement=replace(CONFIG.placement, shards=3))
    actors = cluster_config.publish(grown).placement.actors()
    assert actors == {0: "shard:0#1", 1: "shard:1", 2: "shard:2"}


def test_an_earlier_deployment_cannot_publish(key_values: KeyValues) -> None:
    later = published(replace(CONFIG, deployment=2))
    earlier = replace(CONFIG, deployment=1, trace_sample_rate=0.5)
    assert cluster_config.publish(earlier) == later
    assert cluster_config.deploy(earlier) == later
    assert len(key_values) == 1


def test_a_new_deployment_keeps_the_placement_of_the_same_mode() -> None:
    moved = published(replace(CONFIG, placement=CONFIG.placement.moved(0))).placement
    config = replace(CONFIG, deployment=1, placement=Placement(Mode.SHARD, shards=8))
    deployed = cluster_config.deploy(config)
    assert deployed.deployment == 1
    assert deployed.placement == replace(moved, generation=2)


def test_a_new_deployment_replaces_the_placement_of_another_mode() -> None:
    published(CONFIG)
    config = replace(CONFIG, deployment=1, placement=Placement(Mode.ENTITY))
    assert cluster_config.deploy(config).placement == Placement(Mode.ENTITY, generation=2)


def test_a_deployment_keeps_its_number() -> None:
    numbers = [cluster_config.deployment_number(each) for each in ("a", "b", "a", "c", "b")]
    assert numbers == [1, 2, 1, 3, 2]
