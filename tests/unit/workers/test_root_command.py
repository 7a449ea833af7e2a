"""The root command: other people's commands, every family's exit code, and a wrong environment."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from inspection import errors
from inspection.cli import GROUP, main
from inspection.errors import EXIT_CODES, TenkenError
from inspection.settings import (
    DetectSettings,
    OidcSettings,
    PublisherSettings,
    QueueSettings,
    ServeSettings,
    StoreSettings,
    default_home,
    unusable,
)

COMMANDS = '''
import click
import inspection.errors

@click.command()
@click.argument("name")
def fail(name):
    """Fail as asked.

    Example: tenken fail Refused
    """
    if name == "Abort":
        raise click.Abort
    if name == "Exit":
        click.get_current_context().exit(7)
    if name == "Usage":
        raise click.UsageError("no such thing")
    if name == "ValueError":
        raise ValueError("a fault of ours")
    if name == "Fine":
        click.echo("fine")
        return
    raise getattr(inspection.errors, name)("橋 of 12 m: write 13 m")

not_a_command = 5
'''

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Install a distribution with a command that fails, and run the root command."""
    (tmp_path / "strange_commands.py").write_text(COMMANDS, encoding="utf-8")
    info = tmp_path / "strange-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        f"[{GROUP}]\nfail = strange_commands:fail\nodd = strange_commands:not_a_command\n"
        "missing = no_such_module:fail\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def ran(*words: str) -> tuple[int, str, str]:
        try:
            main(list(words))
            code = 0
        except SystemExit as left:
            code = int(str(left.code or 0))
        told = capsys.readouterr()
        return code, told.out, told.err

    return ran


LEAVES = sorted(
    name for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, TenkenError) and kind is not TenkenError
)  # fmt: skip


@pytest.mark.parametrize("name", LEAVES)
def test_every_error_is_one_line_and_the_code_of_its_family(run: Run, name: str) -> None:
    code, out, err = run("fail", name)
    assert code == EXIT_CODES[errors.family(getattr(errors, name))]
    assert (out, err) == ("", "tenken: 橋 of 12 m: write 13 m\n")


def test_the_codes_of_the_contract() -> None:
    """DESIGN §8: 0 done, 2 bad input, 3 refused for safety, 4 unavailable, 5 our fault."""
    table = {"BadInput": 2, "BadPhoto": 2, "NotFound": 2, "Conflict": 2, "IllegalTransition": 2,
             "Refused": 3, "Unavailable": 4, "Broken": 5}  # fmt: skip
    for name, code in table.items():
        assert errors.exit_code(getattr(errors, name)("x")) == code


@pytest.mark.parametrize(
    ("name", "code", "says"),
    [("Fine", 0, ""), ("Exit", 7, ""), ("Abort", 130, "tenken: stopped\n"),
     ("Usage", 2, "no such thing")],
)  # fmt: skip
def test_how_a_command_may_end(run: Run, name: str, code: int, says: str) -> None:
    ended, out, err = run("fail", name)
    assert ended == code
    assert says in err
    assert out == ("fine\n" if name == "Fine" else "")


def test_a_fault_of_the_programmer_is_not_dressed_as_bad_input(run: Run) -> None:
    with pytest.raises(ValueError, match="a fault of ours"):
        run("fail", "ValueError")


def test_a_command_is_loaded_when_it_is_asked_for_and_not_before(run: Run) -> None:
    code, out, _ = run("fail", "Fine")
    assert (code, out) == (0, "fine\n")
    sys.modules.pop("strange_commands")
    assert run("orgs", "--help")[0] == 0
    assert "strange_commands" not in sys.modules
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        run("missing")


def test_what_is_announced_and_no_command_is_unknown(run: Run) -> None:
    code, out, err = run("odd")
    assert (code, out) == (2, "")
    assert "No such command 'odd'" in err


def test_names_of_commands_need_no_import_of_theirs() -> None:
    script = textwrap.dedent("""
        import sys
        from inspection.cli import tenken
        import click
        names = tenken.list_commands(click.Context(tenken))
        heavy = {"celery", "torch", "openvino", "fastapi", "cv2", "pycolmap", "pydantic"}
        print(len(names), sorted(heavy & set(sys.modules)))
    """)
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    count, loaded = told.stdout.split(" ", 1)
    assert int(count) >= 20
    assert loaded.strip() == "[]"


@pytest.mark.parametrize(
    "words",
    [
        ("flyy",),
        ("--colour", "red"),
        ("emergency", "stat"),
        ("db", "downgrade"),
        ("measure", "width"),
    ],
)
def test_a_slip_of_the_pen_is_exit_code_2(run: Run, words: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert words[-1] in err or words[0] in err


# the environment

WRONG = [
    ("TENKEN_PORT", "abc", "valid integer"),
    ("TENKEN_PORT", "65536", "less than or equal to 65535"),
    ("TENKEN_UPLOAD_MAX_MB", "0", "greater than or equal to 1"),
    ("TENKEN_QUEUE_LEASE_S", "1", "greater than or equal to 2"),
    ("TENKEN_QUEUE_LEASE_S", "nan", "less than or equal to 3600"),
    ("TENKEN_QUEUE_POLLING_INTERVAL_S", "0", "greater than 0"),
    ("TENKEN_PORT", "", "valid integer"),
]


@pytest.mark.parametrize(("variable", "value", "says"), WRONG)
def test_a_wrong_variable_is_named_and_no_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv("TENKEN_HOME", "nowhere")
    monkeypatch.setenv(variable, value)
    code, out, err = run("doctor")
    assert (code, out) == (2, "")
    assert err.startswith(f"tenken: {variable}: ")
    assert says in err


def test_every_wrong_variable_is_named_at_once(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path))
    monkeypatch.setenv("TENKEN_PORT", "x")
    monkeypatch.setenv("TENKEN_UPLOAD_MAX_MB", "x")
    err = run("doctor")[2]
    assert "TENKEN_PORT: " in err and "TENKEN_UPLOAD_MAX_MB: " in err


def test_no_secret_is_shown_when_it_cannot_be_used() -> None:
    with pytest.raises(ValidationError) as refused:
        ServeSettings(port="sesame")  # type: ignore[arg-type]
    assert unusable(refused.value).startswith("TENKEN_PORT: ")
    assert "sesame" not in unusable(refused.value)


def test_an_error_about_something_else_is_not_explained() -> None:
    class Other(BaseModel):
        port: int

    with pytest.raises(ValidationError) as refused:
        Other(port="x")  # type: ignore[arg-type]
    assert unusable(refused.value) == ""
    assert unusable(ValueError("x")) == ""


@pytest.mark.parametrize("precision", ["f16", "F32", "f32 ", "", "f32\n"])
def test_a_precision_that_no_detector_has(precision: str) -> None:
    with pytest.raises(ValidationError) as refused:
        DetectSettings(precision=precision)
    assert unusable(refused.value).startswith("TENKEN_DETECT_PRECISION: ")


def test_defaults_keep_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("TENKEN_"):
            monkeypatch.delenv(name)
    serve, store, bell = ServeSettings(), StoreSettings(), QueueSettings()
    assert (serve.host, serve.public_url, serve.trusted_proxies) == ("127.0.0.1", None, None)
    assert store.home == default_home() and store.database_url is None
    assert store.resolved_database_url() == f"sqlite:///{default_home() / 'tenken.sqlite'}"
    assert bell.broker_url is None
    assert OidcSettings().model_dump() == {"issuer": None, "client_id": None, "client_secret": None}
    assert set(PublisherSettings().model_dump().values()) == {""}


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        (StoreSettings, "database_url"),
        (QueueSettings, "broker_url"),
        (OidcSettings, "client_secret"),
    ],
)
def test_a_secret_is_in_no_text_of_the_settings(kind: Any, secret: str) -> None:
    settings = kind(**{secret: SecretStr("sesame")})
    shown = f"{settings!r} {settings} {json.dumps(settings.model_dump(mode='json'), default=str)}"
    assert "sesame" not in shown
    assert getattr(settings, secret).get_secret_value() == "sesame"
