"""Say and log what a simulated vehicle does: telemetry messages and dataflash records.

Source: MAVLink common and ardupilotmega message sets; ArduPilot AP_Logger. GPS time began on
1980-01-06 and is 18 s ahead of UTC since 2017.
"""

from dataclasses import dataclass

import numpy as np

from flight.link import Message, dialect
from flight.simulator.craft import Craft
from flight.simulator.dataflash import Logbook
from flight.wireitem import WireItem

GPS_EPOCH_S = 315_964_800.0
LEAP_S = 18.0
WEEK_S = 604_800.0
MODE_NAMES = {0: "STABILIZE", 3: "AUTO", 4: "GUIDED", 5: "LOITER", 6: "RTL", 9: "LAND"}


@dataclass(slots=True, kw_only=True)
class Recorder:
    """Turn the state of a craft into messages and records.

    Attributes:
        craft: what flies.
        epoch_s: Unix time at the start of the vehicle's clock.
        logbook: where to write records, or None.
        images: photos taken so far.
    """

    craft: Craft
    epoch_s: float
    logbook: Logbook | None = None
    images: int = 0

    def log(self, name: str, now_s: float, *values: float | str) -> None:
        """Write one record, the time first."""
        if self.logbook is not None:
            self.logbook.write(name, round(now_s * 1e6), *values)

    def text(self, now_s: float, words: str, severity: int = 6) -> Message:
        """Say something to the ground, and log it."""
        self.log("MSG", now_s, words)
        return dialect().MAVLink_statustext_message(severity, words.encode()[:50])

    def mission(self, now_s: float, items: list[WireItem]) -> None:
        """Log the mission that is held."""
        self.log("MSG", now_s, "New mission")
        for seq, item in enumerate(items):
            placed = abs(item.x) > 1 or abs(item.y) > 1
            lat, lon = (item.x / 1e7, item.y / 1e7) if placed else (0.0, 0.0)
            values = (len(items), seq, item.command, *item.params, lat, lon, item.z, item.frame)
            self.log("CMD", now_s, *values)

    def photo(self, now_s: float) -> Message:
        """Take one photo: log it and tell the ground."""
        self.images += 1
        craft = self.craft
        lat, lon = craft.latlon_deg
        msl, above = craft.home_altitude_msl_m + craft.at_m[2], craft.at_m[2]
        week, ms = self._gps(now_s)
        lean = (craft.roll_deg, craft.pitch_deg, craft.yaw_deg)
        self.log("CAM", now_s, 0, self.images, ms, week, lat, lon, msl, above, msl, *lean)
        feedback = dialect().MAVLink_camera_feedback_message
        return feedback(
            round((self.epoch_s + now_s) * 1e6),
            0,
            0,
            self.images,
            round(lat * 1e7),
            round(lon * 1e7),
            float(msl),
            float(above),
            *lean,
            0.0,
            0,
        )

    def track(self, now_s: float) -> None:
        """Log position, attitude, satellites and battery."""
        craft = self.craft
        lat, lon = craft.latlon_deg
        above = float(craft.at_m[2])
        msl = craft.home_altitude_msl_m + above
        week, ms = self._gps(now_s)
        east, north, up = craft.speed_m_s
        speed = float(np.hypot(east, north))
        course = float(np.degrees(np.arctan2(east, north)) % 360.0)
        self.log("POS", now_s, lat, lon, msl, above, above)
        lean = (craft.roll_deg, craft.roll_deg, craft.pitch_deg, craft.pitch_deg)
        self.log("ATT", now_s, *lean, craft.yaw_deg, craft.yaw_deg, 3)
        self.log("GPS", now_s, 0, 6, ms, week, 10, 1.2, lat, lon, msl, speed, course, -up, 0, 1)
        volt, amp = craft.voltage_v, craft.current_a
        used = float(self.craft_capacity_mah() - craft.battery_mah)
        left = int(craft.battery_percent)
        self.log("BAT", now_s, 0, volt, volt, amp, used, 0.0, 25.0, 0.0, left, 1, 100)

    def craft_capacity_mah(self) -> float:
        """Give the charge of a full battery."""
        return self.craft.battery_mah / max(self.craft.battery_percent, 1e-9) * 100.0

    def position(self, now_s: float) -> Message:
        """Say where the vehicle is."""
        craft = self.craft
        lat, lon = craft.latlon_deg
        above = float(craft.at_m[2])
        east, north, up = (float(v) * 100.0 for v in craft.speed_m_s)
        make = dialect().MAVLink_global_position_int_message
        return make(
            round(now_s * 1e3),
            round(lat * 1e7),
            round(lon * 1e7),
            round((craft.home_altitude_msl_m + above) * 1e3),
            round(above * 1e3),
            round(north),
            round(east),
            round(-up),
            round(craft.yaw_deg * 100.0) % 36000,
        )

    def battery(self) -> Message:
        """Say how the battery is."""
        craft = self.craft
        make = dialect().MAVLink_sys_status_message
        volts, amps = round(craft.voltage_v * 1e3), round(craft.current_a * 100.0)
        return make(0, 0, 0, 0, volts, amps, int(craft.battery_percent), 0, 0, 0, 0, 0, 0)

    def home(self) -> Message:
        """Say where home is."""
        lat, lon = self.craft.home_latlon_deg
        make = dialect().MAVLink_home_position_message
        altitude = round(self.craft.home_altitude_msl_m * 1e3)
        still = [1.0, 0.0, 0.0, 0.0]
        return make(round(lat * 1e7), round(lon * 1e7), altitude, 0, 0, 0, still, 0, 0, 0)

    def _gps(self, now_s: float) -> tuple[int, int]:
        """Give GPS week and milliseconds of the week."""
        gps_s = self.epoch_s + now_s - GPS_EPOCH_S + LEAP_S
        week, milliseconds = divmod(round(gps_s * 1e3), round(WEEK_S * 1e3))
        return week, milliseconds
