"""A host drops idle entities from memory, unless they have subscribers."""

from engine.host import HostSettings
from engine.placement import Placement
from protocol.ids import Channel, Topic
from storage.store import Store
from tests.engine.chain import LocalChain
from tests.local_hosts import LocalHosts


async def test_idle_entities_are_dropped_and_loaded_again_with_their_state(
    store: Store, placement: Placement
) -> None:
    hosts = LocalHosts(store, placement, settings=HostSettings(idle_s=0.0))
    chain = LocalChain(hosts)
    await chain.open()
    session = await chain.occupy()
    await chain.quiet()
    assert all(host.evict_idle() for host in hosts.hosts.values())
    assert hosts.entity(session) is None
    assert (await chain.see(session))["guests_count"] == 2
    for name in list(hosts.hosts):
        hosts.kill(name)


async def test_an_idle_entity_with_subscribers_stays_in_memory(
    store: Store, placement: Placement
) -> None:
    hosts = LocalHosts(store, placement, settings=HostSettings(idle_s=0.0))
    chain = LocalChain(hosts)
    await chain.open()
    await chain.join(Topic(chain.table, Channel.TABLE))
    await chain.quiet()
    host = hosts.hosts[placement.host_of(chain.table)]
    assert not host.evict_idle()
    assert hosts.entity(chain.table) is not None
    for name in list(hosts.hosts):
        hosts.kill(name)
