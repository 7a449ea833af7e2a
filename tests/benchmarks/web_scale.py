"""Review 100 000 defects on a mosaic of 60 000 × 60 000 px in Chromium; time what a person does.

``python -m tests.benchmarks.web_scale`` prints a table; 1 when a bound does not hold. The service
is the real one on PostGIS. Times are taken inside the page, from the event to what it shows.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.support.browser import keep_screenshot, opened_page
from tests.support.installation import Installation, large_installation, machine, share

FIRST_VIEW_MS, LONG_TASK_MS, FILTER_MS, NEXT_MS = 2000.0, 200.0, 300.0, 150.0

LOOK_MS = 500.0
"""How long somebody looks at a defect at the least."""

WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longTasks.push([task.startTime, task.duration]);
}).observe({ type: "longtask", buffered: true });
window.until = (seen) => new Promise((done, fail) => {
  const ends = performance.now() + 60000;
  const look = () => {
    if (seen()) done(performance.now());
    else if (performance.now() > ends) fail(new Error(`never seen: ${seen}`));
    else requestAnimationFrame(look);
  };
  look();
});
"""
"""Collects tasks over 50 ms from the first moment, and waits for what a person would see."""

FIRST = """async () => {
  const drawn = await until(() => document.querySelector(".map")?.dataset.drawn === "true"
    && document.querySelector("[data-defect]") !== null);
  return drawn - performance.getEntriesByType("navigation")[0].loadEventEnd;
}"""

FILTER = """async ([which, value]) => {
  const count = () => document.querySelector(".list .count[role=status]")?.textContent;
  const select = document.querySelectorAll(".filters select")[which];
  const was = count();
  const began = performance.now();
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  const ended = await until(() => count() !== was && document.querySelector("[data-defect]"));
  return ended - began;
}"""

CHOICES = (
    (0, "crack"), (0, "spall"), (0, ""), (1, "confirmed"), (1, "rejected"), (1, "candidate"),
    (2, "e"), (2, "none"), (2, "b"), (1, ""), (2, ""),
)  # fmt: skip
"""Which of the filters is set to what: class first, then state, then grade."""

NEXT = """async () => {
  const was = location.pathname;
  const began = performance.now();
  window.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
  const ended = await until(() => location.pathname !== was
    && [...document.querySelectorAll(".panel .identity")]
      .some((one) => one.textContent === location.pathname.split("/").at(-1)));
  return ended - began;
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Carry what was measured, milliseconds."""

    first_view: float
    long_tasks: list[float]
    filters: list[float]
    nexts: list[float]

    @property
    def longest_task(self) -> float:
        """Give the longest task while the map was moved; 0 where none was over 50 ms."""
        return max(self.long_tasks, default=0.0)


def measure(installed: Installation, *, moves: int, steps: int, picture: str | None) -> Figures:
    """Look, move, filter and step through the survey in a browser."""
    address = f"{installed.server.base_url}/app/surveys/{installed.large.survey_id}"
    with opened_page(locale="en-GB") as page:
        page.add_init_script(WATCH)
        page.goto(f"{installed.server.base_url}/app")  # the first request of a process loads code
        expect(page.locator(".surveys li")).to_have_count(1)
        page.goto(address)
        first_view = float(page.evaluate(FIRST))
        if picture is not None:
            keep_screenshot(page, f"{picture}-whole")
        long_tasks = _move(page, moves)
        if picture is not None:
            keep_screenshot(page, f"{picture}-near")
        filters = [float(page.evaluate(FILTER, list(choice))) for choice in CHOICES]
        page.evaluate(NEXT)
        nexts = [_next(page) for _ in range(steps)]
        if picture is not None:
            expect(page.locator(".map")).to_have_attribute("data-drawn", "true")
            keep_screenshot(page, f"{picture}-next")
    return Figures(first_view=first_view, long_tasks=long_tasks, filters=filters, nexts=nexts)


def _next(page: Page) -> float:
    """Look at a defect until the map shows it, and a moment longer; then go to the next."""
    page.wait_for_timeout(LOOK_MS)
    expect(page.locator(".map")).to_have_attribute("data-drawn", "true")
    return float(page.evaluate(NEXT))


def _move(page: Page, moves: int) -> list[float]:
    """Zoom in step by step with drags between, out again; give the tasks over 50 ms meanwhile."""
    began = page.evaluate("performance.now()")
    box = page.locator(".map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    for move in range(moves):
        page.mouse.wheel(0, -240 if move < moves * 2 // 3 else 400)
        page.wait_for_timeout(120)
        page.mouse.down()
        page.mouse.move(x + 160 - 40 * (move % 9), y + 70, steps=8)
        page.mouse.up()
        page.mouse.move(x, y)
        expect(page.locator(".map")).to_have_attribute("data-drawn", "true")
    told: list[list[float]] = page.evaluate("window.longTasks")
    return [duration for start, duration in told if start >= began]


def rows(figures: Figures) -> list[tuple[str, float, float]]:
    """Give the table: what, how long, and the bound."""
    return [
        ("first map view after load", figures.first_view, FIRST_VIEW_MS),
        ("longest task while panning and zooming", figures.longest_task, LONG_TASK_MS),
        ("filter, slowest", max(figures.filters), FILTER_MS),
        ("next defect, p95", share(figures.nexts, 0.95), NEXT_MS),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side-px", type=int, default=60_000)
    parser.add_argument("--defects", type=int, default=100_000)
    parser.add_argument("--moves", type=int, default=24)
    parser.add_argument("--steps", type=int, default=40)
    asked = parser.parse_args(arguments)
    with large_installation(side_px=asked.side_px, defects=asked.defects) as installed:
        before = machine()
        figures = measure(installed, moves=asked.moves, steps=asked.steps, picture="web-scale")
    print(f"{asked.defects} defects on {asked.side_px} × {asked.side_px} px; {before}")
    for name, value, bound in rows(figures):
        print(f"{name:42} {value:8.0f} ms   bound {bound:5.0f} ms")
    print(
        f"tasks over 50 ms: {len(figures.long_tasks)}; filters "
        f"{', '.join(f'{value:.0f}' for value in figures.filters)} ms; next p50 "
        f"{share(figures.nexts, 0.5):.0f} ms"
    )
    return int(any(value > bound for _, value, bound in rows(figures)))


if __name__ == "__main__":
    sys.exit(main())
