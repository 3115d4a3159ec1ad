"""A host drops idle entities from memory, unless they have subscribers."""

from engine.host import HostSettings
from engine.placement import Placement
from protocol.ids import Channel, Topic
from storage.store import Store
from tests.engine.restaurant_driver import LocalDriver
from tests.local_hosts import LocalHosts


async def test_idle_entities_are_dropped_and_loaded_again_with_their_state(
    store: Store, placement: Placement
) -> None:
    hosts = LocalHosts(store, placement, settings=HostSettings(idle_s=0.0))
    driver = LocalDriver(hosts)
    await driver.create_restaurant()
    session = await driver.occupy()
    await driver.until_idle()
    assert all(host.evict_idle() for host in hosts.hosts.values())
    assert hosts.entity(session) is None
    assert (await driver.snapshot(session))["guests_count"] == 2
    for name in list(hosts.hosts):
        hosts.kill(name)


async def test_an_idle_entity_with_subscribers_stays_in_memory(
    store: Store, placement: Placement
) -> None:
    hosts = LocalHosts(store, placement, settings=HostSettings(idle_s=0.0))
    driver = LocalDriver(hosts)
    await driver.create_restaurant()
    await driver.subscribe(Topic(driver.table, Channel.TABLE))
    await driver.until_idle()
    host = hosts.hosts[placement.host_of(driver.table)]
    assert not host.evict_idle()
    assert hosts.entity(driver.table) is not None
    for name in list(hosts.hosts):
        hosts.kill(name)
