"""Say in words what a vehicle answers to a mission (MAV_MISSION_RESULT)."""

WORDS = {
    0: "accepted",
    1: "a general error",
    2: "a coordinate frame that it does not support",
    3: "a command that it does not support",
    4: "no space: it holds fewer items, split the mission",
    5: "an invalid item",
    6: "an invalid parameter 1",
    7: "an invalid parameter 2",
    8: "an invalid parameter 3",
    9: "an invalid parameter 4",
    10: "an invalid latitude or parameter 5",
    11: "an invalid longitude or parameter 6",
    12: "an invalid altitude or parameter 7",
    13: "an item out of order",
    14: "that it does not accept missions from this station",
    15: "that the transfer was cancelled",
}
"""MAV_MISSION_RESULT in words. Source: MAVLink common message set."""

ACCEPTED, INVALID_SEQUENCE, DENIED, CANCELLED = 0, 13, 14, 15
PASSING = frozenset({INVALID_SEQUENCE, CANCELLED})
"""Answers to doubled or late messages: the transfer goes on."""
