"""Read spoilt files one after the other in a process of its own, and judge what became of each.

The process is ``python -m`` this module. Before each file it notes the number where the parent sees
it, so that the file that ends the process is known.
"""

import ctypes
import gc
import json
import os
import resource
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from inspection.errors import WORDS_MAX, TenkenError
from tests.support.edge import Kind, kinds
from tests.support.edge_files import CANARY, put_canaries
from tests.support.mutating import mutant

MEMORY_BYTES = 4 << 30
FILES = 256
QUIET_S = 60.0
"""A file that takes longer hangs; the first one waits for the process to start."""

TOLD = "told: "
PROGRAM = ("-m", "tests.support.mutants")

SLOW_S = 5.0


@dataclass(kw_only=True)
class Count:
    """Say what became of the files of one kind.

    Attributes:
        outcomes: ``used``, ``refused``, or a kind of fault, and how often.
        faults: an example of each kind of fault: number of the file and words.
        grown_bytes: how much the memory of the process grew after the first fifth.
        left: descriptors and temporary files that stayed.
        slowest_s: longest time of the processor for one file.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    grown_bytes: int = 0
    left: int = 0
    slowest_s: float = 0.0

    def add(self, other: "Count") -> None:
        """Add what another process found."""
        self.outcomes += other.outcomes
        self.faults = other.faults | self.faults
        self.grown_bytes = max(self.grown_bytes, other.grown_bytes)
        self.left += other.left
        self.slowest_s = max(self.slowest_s, other.slowest_s)

    @property
    def total(self) -> int:
        """Count the files."""
        return self.outcomes.total()


def contents(
    kind: Kind, first: int, count: int, salt: str, beside: Path
) -> Iterator[tuple[int, bytes]]:
    """Give files by number: the bombs, the good ones, and spoilt ones after them."""
    given = [bomb.replace(b"{beside}", os.fsencode(beside)) for bomb in kind.bombs] + [*kind.seeds]
    for number in range(first, first + count):
        if number < len(given):
            yield number, given[number]
        else:
            yield number, mutant(kind.seeds, number, f"{salt}:{kind.name}")


def judge(kind: Kind, path: Path, *, looked_for: bool) -> tuple[str, str]:
    """Read one file; give what became of it, and words when it is a fault."""
    try:
        result = kind.read(path)
    except TenkenError as error:
        return _judged_words(str(error), path)
    except MemoryError:
        return "out of memory", "MemoryError"
    except Exception as error:  # noqa: BLE001  # the fault that is looked for
        return f"{type(error).__name__} at {_place(error)}", f"{error!s:.200}"
    if looked_for and CANARY in repr(result):
        return "showed another file", repr(result)[:200]
    return "used", ""


def _judged_words(words: str, path: Path) -> tuple[str, str]:
    if CANARY in words:
        return "told what is in another file", words[:200]
    if str(path.parent) in words:
        return "told a folder", words[:300]
    if len(words) > WORDS_MAX:
        return "told a novel", words[:200]
    return "refused", ""


def _place(error: BaseException) -> str:
    """Name the innermost line of ours."""
    trace, place = error.__traceback__, "?"
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "/site-packages/" not in name and "/tests/" not in name and "/lib/python" not in name:
            place = f"{Path(name).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def work(
    kind: Kind, first: int, count: int, folder: Path, *, salt: str, note: int | None = None
) -> Count:
    """Read files in this process."""
    found, path = Count(), folder / kind.file
    put_canaries(folder)
    given, base, descriptors = len(kind.bombs), 0, 0
    for done, (number, content) in enumerate(contents(kind, first, count, salt, folder)):
        if note is not None:
            os.pwrite(note, number.to_bytes(8, "little"), 0)
        path.write_bytes(content)
        began_s = time.process_time()
        outcome, words = judge(kind, path, looked_for=number < given)
        found.slowest_s = max(found.slowest_s, time.process_time() - began_s)
        found.outcomes[outcome] += 1
        if words:
            found.faults.setdefault(outcome, f"file {number}: {words}")
        if done == count // 5:
            base, descriptors = _memory_bytes(), _open_files()
    found.grown_bytes = max(0, _memory_bytes() - base)
    found.left = max(0, _open_files() - descriptors) + len(_strays(folder, kind))
    path.unlink()
    return found


def _memory_bytes() -> int:
    """Give the memory of this process, without what the allocator only keeps at hand."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # without a descriptor of its own


def _strays(folder: Path, kind: Kind) -> list[str]:
    known = {"canary.txt", "canary.csv", "canary.tif", "tmp", "note", "stderr", kind.file}
    return [
        entry.name
        for entry in [*folder.iterdir(), *(folder / "tmp").iterdir()]
        if entry.name not in known
    ]


@dataclass(frozen=True, kw_only=True)
class Job:
    """Say which files of which kind are to be read."""

    name: str
    first: int
    count: int


def run(
    jobs: Sequence[Job], folder: Path, salt: str, *, program: Sequence[str] = PROGRAM
) -> Iterator[tuple[str, Count]]:
    """Read files in a process of its own, and in another one after each file that ends it.

    Gives a count for each kind as soon as it is done; after a death, one for what went before.
    """
    waiting = list(jobs)
    while waiting:
        done = 0
        with _Process(waiting, folder, salt, program) as process:
            for name, count in process.counts():
                yield name, count
                done += 1
        waiting = waiting[done:]
        if waiting:
            died = waiting[0]
            number = process.number
            yield died.name, process.death(died)
            rest = died.first + died.count - number - 1
            waiting[0] = Job(name=died.name, first=number + 1, count=rest)
            waiting = waiting[1:] if rest <= 0 else waiting


class _Process:
    """Talk with the process that reads the files, and end it when it hangs."""

    def __init__(
        self, jobs: Sequence[Job], folder: Path, salt: str, program: Sequence[str]
    ) -> None:
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        self._note = folder / "note"
        self._note.write_bytes(jobs[0].first.to_bytes(8, "little"))
        self._complaints = folder / "stderr"
        plan = json.dumps([[job.name, job.first, job.count] for job in jobs])
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._child = subprocess.Popen(
            [sys.executable, *program, plan, str(folder), salt],
            stdout=subprocess.PIPE,
            stderr=self._complaints.open("wb"),
            text=True,
            env={**os.environ, **threads, "TMPDIR": str(folder / "tmp")},
        )
        self._hung = False
        self._watch = threading.Thread(target=self._end_when_silent, daemon=True)

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()
        assert self._child.stdout is not None
        self._child.stdout.close()
        self._watch.join()

    @property
    def number(self) -> int:
        """Give the number of the file that is read now, or was last."""
        return int.from_bytes(self._note.read_bytes(), "little")

    def counts(self) -> Iterator[tuple[str, Count]]:
        """Give what is told, kind by kind, until the process ends."""
        assert self._child.stdout is not None
        for line in self._child.stdout:
            if line.startswith(TOLD):
                name, plain = json.loads(line.removeprefix(TOLD))
                yield name, Count(**{**plain, "outcomes": Counter(plain["outcomes"])})

    def death(self, job: Job) -> Count:
        """Say how the process ended, and at which file."""
        words = self._complaints.read_text(errors="replace")[-300:]
        fault = "hung" if self._hung else f"ended the process with {self._child.wait()}"
        outcomes = Counter({fault: 1, "before a process died": self.number - job.first})
        return Count(outcomes=outcomes, faults={fault: f"file {self.number}: {words}"})

    def _end_when_silent(self) -> None:
        """End the process when it is at the same file for too long."""
        seen, since_s = b"", time.monotonic()
        while self._child.poll() is None:
            time.sleep(0.2)
            now = self._note.read_bytes()
            if now != seen:
                seen, since_s = now, time.monotonic()
            elif time.monotonic() - since_s > QUIET_S:
                self._hung = True
                self._child.kill()


def main(arguments: list[str]) -> None:
    """Be the process."""
    plan, folder, salt = json.loads(arguments[0]), Path(arguments[1]), arguments[2]
    warnings.simplefilter("ignore")
    every = kinds()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    note = os.open(folder / "note", os.O_WRONLY)
    for name, first, count in plan:
        found = work(every[name], first, count, folder, salt=salt, note=note)
        plain = {key: getattr(found, key) for key in Count.__dataclass_fields__}
        print(f"\n{TOLD}{json.dumps([name, plain])}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
