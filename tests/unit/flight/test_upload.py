"""Uploads over a bad radio are verified or refused, never believed."""

from dataclasses import replace

import pytest

from flight.command import Command
from flight.link import connect, open_wire
from flight.mission import Mission
from flight.simulator.fault import Faults
from flight.upload import Patience, upload
from flight.wireitem import Kind, items_of
from inspection.errors import BadInput, Refused, Unavailable
from tests.support.flown import joined, rough
from tests.support.missions import BRIDGE, item, waypoint

QUICK = Patience(silence_s=20.0, standby_s=10.0)


def test_a_good_radio_needs_nothing_twice() -> None:
    link, vehicle = joined()
    report = upload(link, BRIDGE)
    assert report.counts == {Kind.FENCE: 5, Kind.RALLY: 1, Kind.MISSION: 10}
    assert report.resent == 0
    assert report.seconds < 5
    assert report.rewrites == ("item 7: parameter 4 of waypoint (16): 90 kept as 0",)
    held = vehicle.stores[Kind.MISSION].items
    assert [i.command for i in held] == [i.command for i in items_of(BRIDGE, Kind.MISSION)]


@pytest.mark.parametrize("seed", range(10))
def test_a_rough_radio_ends_in_a_verified_upload(seed: int) -> None:
    link, vehicle = joined(rough(seed))
    report = upload(link, BRIDGE)
    assert sum(report.counts.values()) == 16
    assert report.resent > 0
    for kind in Kind:
        sent, held = items_of(BRIDGE, kind), vehicle.stores[kind].items
        assert [(i.command, i.x, i.y) for i in held] == [(i.command, i.x, i.y) for i in sent]


@pytest.mark.parametrize("seed", range(12))
def test_a_flipped_bit_is_always_refused(seed: int) -> None:
    link, _ = joined(rough(seed, flip=Kind(seed % 3)))
    with pytest.raises(Refused, match=r"gave back something else.*do not fly"):
        upload(link, BRIDGE)


def test_too_many_items_are_refused_in_words() -> None:
    link, _ = joined(Faults(capacity=9))
    with pytest.raises(BadInput, match=r"mission of 10 items: the vehicle reports no space"):
        upload(link, BRIDGE)


def test_a_rejected_item_is_named() -> None:
    link, _ = joined(Faults(reject_seq=4))
    with pytest.raises(BadInput, match="at item 4: the vehicle reports a command that it does not"):
        upload(link, BRIDGE)


def test_a_dead_link_ends_in_time() -> None:
    link, _ = joined(Faults(dead_after_s=4.0, delay_s=0.2))
    with pytest.raises(Unavailable, match=r"in 20 s; check the radio"):
        upload(link, BRIDGE, patience=QUICK)
    assert link.wire.now_s() < 40


def test_nobody_there_is_said() -> None:
    with pytest.raises(Unavailable, match="no heartbeat of a vehicle in 30 s"):
        joined(Faults(dead_after_s=0.0))


def test_an_upload_waits_for_standby() -> None:
    link, vehicle = joined()
    assert link.state == 1  # booting
    upload(link, BRIDGE)
    assert link.state == 3
    vehicle.armed = True
    link.receive(3.0)
    while not link.armed:
        link.receive(1.0)
    with pytest.raises(Refused, match="armed or flying"):
        upload(link, BRIDGE)


def test_lists_that_the_mission_does_not_have_are_cleared() -> None:
    link, vehicle = joined(rough(3))
    upload(link, BRIDGE)
    bare = Mission(home_latlon_deg=None, home_altitude_msl_m=None, items=BRIDGE.items)
    assert upload(link, bare).counts == {Kind.FENCE: 0, Kind.RALLY: 0, Kind.MISSION: 10}
    assert vehicle.stores[Kind.FENCE].items == []
    assert vehicle.stores[Kind.RALLY].items == []


def test_a_new_mission_replaces_a_longer_one() -> None:
    link, vehicle = joined(rough(5))
    upload(link, BRIDGE)
    short = replace(BRIDGE, items=BRIDGE.items[:3])
    upload(link, short)
    assert len(vehicle.stores[Kind.MISSION].items) == 4


def test_a_mission_without_items_is_not_uploaded() -> None:
    link, _ = joined()
    with pytest.raises(BadInput, match="nothing to fly"):
        upload(link, replace(BRIDGE, items=()))


def test_an_item_that_shall_wait_for_the_pilot_is_refused_because_arducopter_does_not() -> None:
    link, _ = joined()
    waiting = replace(BRIDGE.items[1], auto_continue=False)
    with pytest.raises(Refused, match="sent to wait for the pilot"):
        upload(link, replace(BRIDGE, items=(BRIDGE.items[0], waiting)))


def test_six_hundred_items_arrive() -> None:
    link, vehicle = joined(Faults(loss=0.05, seed=1))
    many = [waypoint(36.56 + n * 1e-5, 136.65, 10.0 + n / 100) for n in range(600)]
    upload(link, replace(BRIDGE, items=(item(Command.TAKEOFF, many[0].frame), *many)))
    assert len(vehicle.stores[Kind.MISSION].items) == 602


def test_an_address_is_understood_or_refused() -> None:
    for bad in ("", "udp:14550", "ftp:host:1", "tcp:host:port"):
        with pytest.raises(BadInput, match="none of udp:HOST:PORT"):
            open_wire(bad)
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_wire("tcp:127.0.0.1:1")
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_wire("serial:/dev/nothing:57600")
    wire = open_wire("udp:127.0.0.1:0")
    with pytest.raises(Unavailable, match="no heartbeat"):
        connect(wire, timeout_s=0.05)
    wire.close()
