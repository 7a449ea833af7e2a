"""A few spoilt files of every kind; ``tests.benchmarks.mutated_files`` reads thousands."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from flight.formats.files import SUFFIXES as MISSIONS
from inspection.errors import WORDS_MAX, BadInput, NotFound
from inspection.intake.opening import SUFFIXES as TABLES
from tests.benchmarks.mutated_files import bad, told
from tests.support.edge import Kind, kinds
from tests.support.edge_files import CANARY, put_canaries
from tests.support.mutants import Count, Job, judge, run, work
from tests.support.mutating import mutant

FEW = 12
UNREAD = {".tsv", ".xlsm"}
"""Other names for what CSV and XLSX are."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Let numpy and Pillow warn of spoilt numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", kinds())
def test_spoilt_files_are_used_or_refused(tmp_path: Path, name: str) -> None:
    kind = kinds()[name]
    (tmp_path / "tmp").mkdir()
    count = work(kind, 0, len(kind.bombs) + len(kind.seeds) + FEW, tmp_path, salt="suite")
    assert set(count.outcomes) <= {"used", "refused"}, told(name, count)
    assert count.left == 0
    assert count.outcomes["refused"] > 0


@pytest.mark.parametrize("name", kinds())
def test_good_files_are_used(tmp_path: Path, name: str) -> None:
    kind = kinds()[name]
    for number, seed in enumerate(kind.seeds):
        path = tmp_path / kind.file
        path.write_bytes(seed)
        outcome = judge(kind, path, looked_for=True)
        wanted = "refused" if name == "ZIP as a photo" else "used"
        assert outcome == (wanted, ""), f"seed {number}"


def test_every_suffix_that_a_reader_names_has_a_kind() -> None:
    suffixes = {Path(kind.file).suffix for kind in kinds().values()}
    assert set(TABLES) | set(MISSIONS) <= suffixes | UNREAD


def test_equal_seeds_spoil_equally_and_others_otherwise() -> None:
    seeds = kinds()["CSV"].seeds
    first = [mutant(seeds, number, "1") for number in range(50)]
    assert first == [mutant(seeds, number, "1") for number in range(50)]
    assert len(set(first)) > 45
    assert first != [mutant(seeds, number, "2") for number in range(50)]
    changed = sum(content not in seeds for content in first)
    assert changed > 40


def reading(outcome: object) -> Kind:
    def read(path: Path) -> object:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return Kind(name="made up", file="a.x", seeds=(b"good",), read=read)


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (ZeroDivisionError("x"), "ZeroDivisionError at"),
        (MemoryError(), "out of memory"),
        (BadInput(f"there is {CANARY}"), "told what is in another file"),
        (BadInput("in {folder} is none"), "told a folder"),
        ((CANARY,), "showed another file"),
        (NotFound("there is none"), "refused"),
        (3, "used"),
    ],
)
def test_what_must_not_happen_is_seen(tmp_path: Path, outcome: object, says: str) -> None:
    if isinstance(outcome, BadInput):
        outcome = BadInput(str(outcome).replace("{folder}", str(tmp_path)))
    found, _ = judge(reading(outcome), tmp_path / "a.x", looked_for=True)
    assert found.startswith(says)
    count = Count()
    count.outcomes[found] += 1
    assert bad(count) is (says not in {"refused", "used"})


def test_growth_and_what_is_left_are_seen() -> None:
    for wrong in (Count(grown_bytes=1 << 30), Count(left=1), Count(slowest_s=99.0)):
        assert bad(wrong)
    assert not bad(Count(grown_bytes=1 << 20, slowest_s=1.0))


def test_a_process_that_dies_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    """Let the process that reads be one that ends itself at the third file."""
    program = (
        "import os, sys, json\n"
        "plan, folder = json.loads(sys.argv[1]), sys.argv[2]\n"
        "for name, first, count in plan:\n"
        "    for number in range(first, first + count):\n"
        "        open(folder + '/note', 'wb').write(number.to_bytes(8, 'little'))\n"
        "        if number == 2: os.abort()\n"
        "    plain = dict(outcomes={'used': count}, faults={}, grown_bytes=0)\n"
        "    print('told: ' + json.dumps([name, plain]), flush=True)\n"
    )
    script = tmp_path / "dying.py"
    script.write_text(program)
    jobs = [Job(name="a", first=0, count=5), Job(name="b", first=3, count=4)]
    total: dict[str, Count] = {"a": Count(), "b": Count()}
    for name, count in run(jobs, tmp_path, "1", program=[str(script)]):
        total[name].add(count)
    assert total["a"].total == 5
    assert total["a"].outcomes["ended the process with -6"] == 1
    assert total["b"].outcomes == {"used": 4}


def test_no_message_is_a_novel() -> None:
    long = str(BadInput("begin " + "x" * 100_000 + " end"))
    assert len(long) == WORDS_MAX
    assert long.startswith("begin x") and long.endswith("x end") and "…" in long
    exact = "y" * WORDS_MAX
    assert str(BadInput(exact)) == exact


def test_canaries_lie_where_they_are_looked_for(tmp_path: Path) -> None:
    put_canaries(tmp_path)
    assert CANARY in (tmp_path / "canary.csv").read_text()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        "canary.csv",
        "canary.tif",
        "canary.txt",
    ]
