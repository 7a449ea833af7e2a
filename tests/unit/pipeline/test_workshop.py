"""A work folder is empty, belongs to one process, and does not outlive its use."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from inspection.errors import Conflict, Unavailable
from inspection.pipeline.workshop import premises, workshop

SURVEY = UUID(int=5)

HOLD = """
import sys, time, uuid
from pathlib import Path
from inspection.pipeline.workshop import premises, workshop
with workshop(Path(sys.argv[1]), uuid.UUID(int=5)) as folder:
    (folder / "half.tif").write_text("unfinished")
    print("held", flush=True)
    time.sleep(60)
"""


def folders(parent: Path) -> list[str]:
    return sorted(entry.name for entry in parent.iterdir() if entry.is_dir())


def test_a_folder_is_empty_at_the_start_and_gone_at_the_end(tmp_path: Path) -> None:
    parent = tmp_path / "work"
    with workshop(parent, SURVEY) as folder:
        assert list(folder.iterdir()) == []
        (folder / "half.tif").write_text("x")
    assert folders(parent) == []


def test_it_is_cleared_away_after_a_failure_too(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), workshop(tmp_path, SURVEY) as folder:
        (folder / "half.tif").write_text("x")
        raise ZeroDivisionError
    assert folders(tmp_path) == []


def test_two_surveys_do_not_meet(tmp_path: Path) -> None:
    with workshop(tmp_path, SURVEY) as one, workshop(tmp_path, UUID(int=6)) as other:
        assert one != other


def test_a_second_process_is_told_and_a_killed_one_leaves_no_litter(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Conflict, match="another process"), workshop(tmp_path, SURVEY):
        pytest.fail("two processes in one folder")
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    assert folders(tmp_path) == [f"survey-{SURVEY}"]
    with workshop(tmp_path, SURVEY) as folder:
        assert list(folder.iterdir()) == []
    assert folders(tmp_path) == []


def test_a_parent_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("in the way")
    with pytest.raises(Unavailable, match="work"), workshop(tmp_path / "work", SURVEY):
        pytest.fail("no folder was there")


PREMISES = """
import sys, time
from pathlib import Path
from inspection.pipeline.workshop import premises
folder = premises(Path(sys.argv[1]))
(folder / "half.tif").write_text("unfinished")
print(folder, flush=True)
time.sleep(60)
"""


def test_each_process_has_premises_and_those_of_the_dead_are_cleared_away(tmp_path: Path) -> None:
    parent = tmp_path / "work"
    other = subprocess.Popen(
        [sys.executable, "-c", PREMISES, str(parent)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    theirs = Path(other.stdout.readline().strip())
    ours = premises(parent)
    assert ours != theirs and folders(parent) == sorted([ours.name, theirs.name])
    with workshop(ours, SURVEY), workshop(theirs, SURVEY):
        pass  # a survey may be in the works of two processes, of which one has lost it
    os.kill(other.pid, signal.SIGKILL)
    other.communicate()
    again = premises(parent)
    assert folders(parent) == sorted([ours.name, again.name])  # the living keep theirs
    assert sorted(path.name for path in parent.glob("*.lock")) == sorted(
        f"{path.name}.lock" for path in (ours, again)
    )


def test_the_premises_of_another_machine_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere-12-ab").mkdir()
    (tmp_path / "elsewhere-12-ab.lock").touch()  # its lock may not be seen from here
    ours = premises(tmp_path)
    assert folders(tmp_path) == sorted(["elsewhere-12-ab", ours.name])


def test_premises_that_cannot_be_had_are_unavailable(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file")
    with pytest.raises(Unavailable, match="cannot be used"):
        premises(tmp_path / "work")
