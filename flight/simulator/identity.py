"""Say what a simulated vehicle and its camera are, when a ground station asks.

Source: MAVLink common message set (AUTOPILOT_VERSION, CAMERA_INFORMATION); the capabilities and the
version are those of the ArduCopter 4.7 log that comes with the project's data.
"""

from flight.link import Message, dialect

AUTOPILOT_VERSION, HOME_POSITION, CAMERA_INFORMATION = 148, 242, 259
CAPABILITIES = 64_495
VERSION_4_7_DEV = 67_567_616
CAN_CAPTURE_IMAGE = 2


def autopilot_version() -> Message:
    """Say which autopilot this is."""
    nothing = [0] * 8
    make = dialect().MAVLink_autopilot_version_message
    return make(CAPABILITIES, VERSION_4_7_DEV, 0, 0, 0, nothing, nothing, nothing, 0, 0, 0)


def camera_information(now_s: float) -> Message:
    """Say which camera this is: it takes photos and has no lens of its own to speak of."""
    make = dialect().MAVLink_camera_information_message
    vendor, model = ([*name.encode(), *[0] * (32 - len(name))] for name in ("Tenken", "simulated"))
    return make(
        round(now_s * 1e3), vendor, model, 1, 0.0, 0.0, 0.0, 0, 0, 0, CAN_CAPTURE_IMAGE, 0, b""
    )
