"""Fit a dark trough behind a blur to grey profiles across a crack: estimator C.

A crack of width w and darkness c, seen through a Gaussian point spread function, darkens a
background b(t) = b0 + b1·t by the factor 1 − (1 − c)·d(t), where d is the difference of two error
functions. A narrow crack is thus read by the light that it takes away, which blur does not change,
and a wide one by its edges: one model for both. The loss is robust, because chips, stains and a
second crack beside the first are no noise.

Source: domain specification §4.3 C.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from inspection.domain.widthcalibration import WidthCalibration

Floats = NDArray[np.float64]

STEPS = 30
"""Most steps of Levenberg and Marquardt; profiles settle in about ten."""

SETTLED_PX = 1e-4
"""A step that moves its width by less ends the fit of a profile."""

FIRST_DAMPING, HOPELESS_DAMPING = 1e-2, 1e5
"""A step that is damped so much and still no better ends it too."""

NARROWEST_PX, WIDEST_PX = 0.02, 20.0
BLUR_BOUNDS_PX = 0.35, 2.5
SHIFT_PX = 4.0
"""How far the centre of the trough may lie from the darkest sample."""

BRIGHTEST_CORE = 0.85
"""Light inside a crack ÷ background, at most."""

SHOWN_PX = 3.0
"""From this width on the darkest sample is about as dark as the crack."""

PRIORS = (2, 4, 5)
"""Columns of a state of which something is expected: blur, slope, darkness."""

SLOPE_STD = 0.1
"""Standard deviation of the change of the background from the middle to the end, of 1."""

NOISE_FLOOR = 0.003
"""Least noise that is believed, of full scale: three quarters of a grey level."""

MOST_CORRELATION = 0.8
"""Neighbouring samples of texture are not believed to be more alike than this."""

CENTRE_SAMPLES = 5
"""The darkest sample is looked for this far around the middle of the profile."""

END_SAMPLES = 8
"""Samples at either end that show the background."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """Say what the ends and the middle of profiles look like.

    Attributes:
        level: (n,) median of both ends.
        noise: (n,) robust standard deviation of both ends, not below ``NOISE_FLOOR``.
        swell: (n,) how much more a sum of samples varies than if they were independent: texture
            is dark in patches, √((1 + ρ)/(1 − ρ)) with ρ of neighbouring samples.
        darkest: (n,) column of the darkest sample near the middle.
    """

    level: Floats
    noise: Floats
    swell: Floats
    darkest: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Troughs:
    """Carry the fitted troughs of n profiles.

    Attributes:
        width_px: (n,) width.
        width_std_px: (n,) its standard deviation by the fit alone.
        centre_px: (n,) place of the middle, 0 in the middle of the profile.
        blur_px: (n,) standard deviation of the point spread function.
        misfit: (n,) root mean square of what the model leaves, in units of the noise.
        core: (n,) light inside the crack ÷ background, as fitted or as given.
    """

    width_px: Floats
    width_std_px: Floats
    centre_px: Floats
    blur_px: Floats
    misfit: Floats
    core: Floats


def background(light: Floats) -> Background:
    """Read level, noise and darkest place of profiles (n, m) in light, 0–1."""
    ends = np.concatenate([light[:, :END_SAMPLES], light[:, -END_SAMPLES:]], axis=1)
    level = np.median(ends, axis=1)
    noise = 1.4826 * np.median(np.abs(ends - level[:, None]), axis=1)
    middle = light.shape[1] // 2
    low = middle - CENTRE_SAMPLES
    darkest = low + np.argmin(light[:, low : middle + CENTRE_SAMPLES + 1], axis=1)
    return Background(
        level=level, noise=np.maximum(noise, NOISE_FLOOR), swell=_swell(light), darkest=darkest
    )


def _swell(light: Floats) -> Floats:
    """Read off both ends how much more a sum of samples varies than if they were independent."""
    products, squares = np.zeros(len(light)), np.full(len(light), 1e-12)
    for end in (light[:, :END_SAMPLES], light[:, -END_SAMPLES:]):
        off = end - end.mean(axis=1, keepdims=True)
        products += (off[:, 1:] * off[:, :-1]).sum(axis=1) * END_SAMPLES / (END_SAMPLES - 1)
        squares += (off**2).sum(axis=1)
    # taking off the mean of 8 samples makes independent ones look alike by −1/8
    alike = np.clip(products / squares + 1 / END_SAMPLES, 0.0, MOST_CORRELATION)
    swell: Floats = np.sqrt((1 + alike) / (1 - alike))
    return swell


def fit_troughs(light: Floats, core: Floats, calibration: WidthCalibration) -> Troughs:
    """Fit one trough to each profile, by itself: the others in the batch decide nothing.

    Args:
        light: (n, m) samples one pixel apart, 0–1, in the tone of the calibration.
        core: (n,) darkness of the crack ÷ background.
        calibration: gives the blur that is expected.
    """
    seen = background(light)
    fit = _Fit(light, core, seen, calibration)
    state = _descend(fit)
    hessian, _ = fit.normal_equations(state)
    covariance = np.linalg.inv(hessian + np.eye(state.shape[1]) * 1e-9)
    misfit = fit.misfit(state)
    spread = np.sqrt(np.maximum(covariance[:, 0, 0], 0.0)) * np.maximum(misfit, 1.0) * seen.swell
    return Troughs(
        width_px=state[:, 0],
        width_std_px=spread,
        centre_px=state[:, 1],
        blur_px=state[:, 2],
        misfit=misfit,
        core=state[:, 5] if fit.free_core else core,
    )


def _descend(fit: "_Fit") -> Floats:
    """Improve the states of all profiles, each until it settles."""
    state = fit.start()
    damping, cost = np.full(len(state), FIRST_DAMPING), fit.cost(state)
    live = np.arange(len(state))
    for _ in range(STEPS):
        part = fit.of(live)
        hessian, gradient = part.normal_equations(state[live])
        diagonal = np.einsum("nii->ni", hessian)
        damped = (
            hessian + np.eye(state.shape[1]) * (damping[live, None] * diagonal + 1e-12)[:, :, None]
        )
        step = -np.linalg.solve(damped, gradient[..., None])[..., 0]
        trial = part.bounded(state[live] + step)
        trial_cost = part.cost(trial)
        better = trial_cost < cost[live]
        moved = np.abs(trial - state[live])[:, 0]
        state[live[better]], cost[live[better]] = trial[better], trial_cost[better]
        damping[live] = np.clip(np.where(better, damping[live] / 4, damping[live] * 6), 1e-7, 1e7)
        settled = np.where(better, moved < SETTLED_PX, damping[live] > HOPELESS_DAMPING)
        live = live[~settled]
        if not len(live):
            break
    return state


class _Fit:
    """Hold the data of one batch.

    A state is (n, 5): width, centre, blur, level, slope; where the calibration says how far the
    darkness of single cracks strays, a sixth column is the light inside the crack ÷ background.
    """

    def __init__(
        self, light: Floats, core: Floats, seen: Background, calibration: WidthCalibration
    ) -> None:
        self.light, self.seen, self.calibration = light, seen, calibration
        self.core = core
        self.free_core = calibration.core_std > 0
        samples = light.shape[1]
        self.at = np.arange(samples, dtype=np.float64)[None] - (samples - 1) / 2
        self.half = (samples - 1) / 2
        rows = np.arange(len(light))
        self.guess = self.at[0][seen.darkest]
        window = np.clip(seen.darkest[:, None] + np.arange(-5, 6), 0, samples - 1)
        lost = np.clip(seen.level[:, None] - light[rows[:, None], window], 0, None).sum(axis=1)
        self.lost_px = np.maximum(lost / np.maximum(seen.level, NOISE_FLOOR), 0.3)

    def of(self, rows: NDArray[np.int64]) -> "_Fit":
        """Give the fit of some of the profiles."""
        if len(rows) == len(self.light):
            return self
        seen = Background(**{f.name: getattr(self.seen, f.name)[rows] for f in fields(Background)})
        return _Fit(self.light[rows], self.core[rows], seen, self.calibration)

    def start(self) -> Floats:
        """Begin at the light that is missing around the darkest sample."""
        blur = np.full(len(self.light), self.calibration.blur_px)
        nothing = np.zeros(len(self.light))
        width, core = self.lost_px, self.core
        if self.free_core:
            # a wide crack shows how dark it is; from another darkness the fit may settle on a
            # narrower trough behind more blur
            lowest = self.light[np.arange(len(self.light)), self.seen.darkest]
            shown = np.clip(lowest / np.maximum(self.seen.level, NOISE_FLOOR), 0, BRIGHTEST_CORE)
            core = np.where(self.lost_px / (1 - shown) >= SHOWN_PX, shown, core)
            width = self.lost_px / (1 - core)
        columns = [width, self.guess, blur, self.seen.level, nothing]
        return self.bounded(np.column_stack(columns + [core] * self.free_core))

    def bounded(self, state: Floats) -> Floats:
        """Keep a state inside what is physical."""
        level = self.seen.level
        low = [np.full_like(level, NARROWEST_PX), self.guess - SHIFT_PX]
        low += [np.full_like(level, BLUR_BOUNDS_PX[0]), 0.5 * level, np.full_like(level, -0.1)]
        high = [np.full_like(level, WIDEST_PX), self.guess + SHIFT_PX]
        high += [np.full_like(level, BLUR_BOUNDS_PX[1]), 1.6 * level, np.full_like(level, 0.1)]
        if self.free_core:
            low.append(np.zeros_like(level))
            high.append(np.full_like(level, BRIGHTEST_CORE))
        bounded: Floats = np.clip(state, np.column_stack(low), np.column_stack(high))
        return bounded

    def _shape(self, state: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Give the share of the crack in each sample, both edges in blurs, and the background."""
        width, centre, blur, level, slope = (state[:, i, None] for i in range(5))
        left = (self.at - centre + width / 2) / blur
        right = (self.at - centre - width / 2) / blur
        share = 0.5 * (erf(left / np.sqrt(2)) - erf(right / np.sqrt(2)))
        return share, left, right, level + slope * self.at

    def _depth(self, state: Floats) -> Floats:
        """Give the share of light (n, 1) that a crack takes."""
        depth: Floats = 1.0 - (state[:, 5] if self.free_core else self.core)[:, None]
        return depth

    def residuals(self, state: Floats) -> Floats:
        """Give model − profile in units of the noise (n, m)."""
        share, _, _, ground = self._shape(state)
        difference: Floats = ground * (1 - self._depth(state) * share) - self.light
        return difference / self.seen.noise[:, None]

    def _priors(self, state: Floats) -> tuple[Floats, Floats]:
        """Give the residuals of blur and slope against what is expected, and their steepness."""
        wanted = self.calibration.blur_px
        blur_steep = np.full(len(state), 1 / self.calibration.blur_std_px)
        slope_steep = self.half / (SLOPE_STD * np.maximum(self.seen.level, NOISE_FLOOR))
        off, steep = [state[:, 2] - wanted, state[:, 4]], [blur_steep, slope_steep]
        if self.free_core:
            off.append(state[:, 5] - self.core)
            steep.append(np.full(len(state), 1 / self.calibration.core_std))
        return np.column_stack(off) * np.column_stack(steep), np.column_stack(steep)

    def cost(self, state: Floats) -> Floats:
        """Give the robust cost (n,): quadratic near 0, linear far off."""
        prior, _ = self._priors(state)
        robust = 2 * (np.sqrt(1 + self.residuals(state) ** 2) - 1)
        cost: Floats = robust.sum(axis=1) + (prior**2).sum(axis=1)
        return cost

    def misfit(self, state: Floats) -> Floats:
        """Give the root of the mean robust cost (n,)."""
        robust = 2 * (np.sqrt(1 + self.residuals(state) ** 2) - 1)
        misfit: Floats = np.sqrt(robust.mean(axis=1))
        return misfit

    def normal_equations(self, state: Floats) -> tuple[Floats, Floats]:
        """Give the weighted normal matrix (n, k, k) and gradient (n, k)."""
        share, left, right, ground = self._shape(state)
        blur = state[:, 2, None]
        left_density = np.exp(-0.5 * left**2) / (np.sqrt(2 * np.pi) * blur)
        right_density = np.exp(-0.5 * right**2) / (np.sqrt(2 * np.pi) * blur)
        depth = self._depth(state)
        by_share = -ground * depth
        seen = 1 - depth * share
        columns = [
            by_share * 0.5 * (left_density + right_density),
            by_share * (right_density - left_density),
            by_share * (right * right_density - left * left_density),
            seen,
            seen * self.at,
        ]
        if self.free_core:
            columns.append(ground * share)
        jacobian = np.stack(columns, axis=2) / self.seen.noise[:, None, None]
        residual = self.residuals(state)
        weighted = jacobian / np.sqrt(1 + residual**2)[..., None]
        hessian = np.einsum("nmi,nmj->nij", weighted, jacobian)
        gradient = np.einsum("nmi,nm->ni", weighted, residual)
        prior, steep = self._priors(state)
        for column, place in enumerate(PRIORS[: prior.shape[1]]):
            hessian[:, place, place] += steep[:, column] ** 2
            gradient[:, place] += steep[:, column] * prior[:, column]
        return hessian, gradient
