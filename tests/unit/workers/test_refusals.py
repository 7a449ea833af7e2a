"""The command line refuses in words, with the exit code of the error, and makes nothing."""

from pathlib import Path

import pytest

from inspection import __version__
from inspection.cli import main
from inspection.settings import DetectSettings, QueueSettings, ServeSettings, StoreSettings
from workers.outfit import home_settings


def refused(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in argv])
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert isinstance(stopped.value.code, int)
    return stopped.value.code, said.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["run"], "PHOTOS"),
        (["run", "photos"], "--out"),
        (["run", "photos", "--out", "o", "--surface", "ceiling"], "ceiling"),
        (["run", "photos", "--out", "o", "--gsd-mm-per-px", "0"], "--gsd-mm-per-px"),
        (["run", "photos", "--out", "o", "--gsd-mm-per-px", "10001"], "--gsd-mm-per-px"),
        (["run", "photos", "--out", "o", "--gsd-mm-per-px", "wide"], "wide"),
        (["run", "photos", "--out", "o", "--surface", "strip"], "--gsd-mm-per-px 2.3"),
        (["run", "photos", "--out", "o", "--asset", "nowhere.yaml"], "nowhere.yaml"),
        (["run", "photos", "--out", "o", "--colour", "red"], "--colour"),
        (["demo", "--port", "65536"], "--port"),
        (["demo", "--port", "-1"], "--port"),
        (["worker", "--queues", "cpu,steam"], "steam"),
        (["worker", "--queues", " , "], "choose from"),
        (["fly"], "fly"),
    ],
)
def test_a_wrong_argument_is_named_and_nothing_is_made(
    argv: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = refused(capsys, *argv)
    assert code == 2
    assert words in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["run", "demo"])
def test_results_never_go_into_a_file(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "taken"
    out.write_text("mine")
    photos = [tmp_path] if command == "run" else ["--no-serve"]
    code, said = refused(capsys, command, *photos, "--out", out)
    assert code == 2
    assert said.startswith("tenken: ")
    assert "is a file; name a folder" in said
    assert out.read_text() == "mine"


@pytest.mark.parametrize("argv", [["--help"], ["run", "--help"], ["demo", "--help"]])
def test_help_has_an_example(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(argv)
    said = capsys.readouterr()
    assert "Examples:" in said.out
    assert said.err == ""


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert __version__ in capsys.readouterr().out


class TestSettings:
    def test_rows_and_blobs_live_in_the_home_folder(self, tmp_path: Path) -> None:
        settings = StoreSettings(home=tmp_path)
        assert settings.blobs_dir == tmp_path / "blobs"
        assert settings.resolved_database_url() == f"sqlite:///{tmp_path / 'tenken.sqlite'}"

    def test_a_run_keeps_its_rows_whatever_the_environment_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TENKEN_DATABASE_URL", "postgresql://elsewhere/db")
        assert StoreSettings().resolved_database_url() == "postgresql://elsewhere/db"
        kept = home_settings(tmp_path).resolved_database_url()
        assert kept == f"sqlite:///{tmp_path / 'tenken.sqlite'}"

    def test_a_password_is_not_printed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TENKEN_DATABASE_URL", "postgresql://u:sesame@h/db")
        monkeypatch.setenv("TENKEN_QUEUE_BROKER_URL", "redis://:sesame@h/0")
        for settings in (StoreSettings(), QueueSettings()):
            assert "sesame" not in f"{settings!r} {settings}"

    @pytest.mark.parametrize(
        ("name", "good", "bad"),
        [
            ("TENKEN_PORT", ("0", "65535"), ("-1", "65536")),
            ("TENKEN_UPLOAD_MAX_MB", ("1", "4096"), ("0", "4097")),
            ("TENKEN_QUEUE_LEASE_S", ("2", "3600"), ("1.9", "3601")),
            ("TENKEN_QUEUE_POLLING_INTERVAL_S", ("0.001", "10"), ("0", "10.1")),
            ("TENKEN_DETECT_THREADS", ("0", "512"), ("-1", "513")),
        ],
    )
    def test_limits_hold_at_both_ends(
        self,
        name: str,
        good: tuple[str, str],
        bad: tuple[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        kinds = {"TENKEN_QUEUE": QueueSettings, "TENKEN_DETECT": DetectSettings}
        kind = next((k for start, k in kinds.items() if name.startswith(start)), ServeSettings)
        field = name.removeprefix(kind.model_config["env_prefix"]).lower()
        for value in good:
            monkeypatch.setenv(name, value)
            assert getattr(kind(), field) == float(value)
        for value in bad:
            monkeypatch.setenv(name, value)
            with pytest.raises(ValueError, match=field):
                kind()
