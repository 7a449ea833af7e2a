"""The bell: a file in a folder of this installation, or a message to a broker."""

import json
import uuid
from pathlib import Path

import pytest
from pydantic import SecretStr

from inspection.errors import Unavailable
from inspection.settings import QueueSettings
from workers.queue import CPU_QUEUE, LOOK, make_app, ring


def settings(broker_url: str | None = None) -> QueueSettings:
    return QueueSettings(broker_url=None if broker_url is None else SecretStr(broker_url))


def test_a_bell_is_one_file_that_names_the_job(tmp_path: Path) -> None:
    app = make_app(settings(), tmp_path)
    job_id = uuid.uuid4()
    ring(app, job_id)
    (message,) = (tmp_path / "queue" / "messages").iterdir()
    assert message.name.endswith(f".{CPU_QUEUE}.msg")
    content = json.loads(message.read_text(encoding="utf-8"))
    assert content["headers"]["task"] == LOOK
    assert str(job_id) in content["headers"]["argsrepr"]


def test_messages_are_data_and_never_code(tmp_path: Path) -> None:
    app = make_app(settings(), tmp_path)
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert app.conf.task_ignore_result is True
    assert app.conf.worker_prefetch_multiplier == 1


def test_the_folder_is_looked_into_as_often_as_the_settings_say(tmp_path: Path) -> None:
    app = make_app(QueueSettings(polling_interval_s=0.25), tmp_path)
    assert app.conf.broker_transport_options["polling_interval"] == 0.25
    assert make_app(settings(), tmp_path).conf.broker_transport_options["polling_interval"] == 0.05


def test_a_broker_is_used_when_one_is_named(tmp_path: Path) -> None:
    app = make_app(settings("redis://127.0.0.1:6379/0"), tmp_path)
    assert app.conf.broker_url == "redis://127.0.0.1:6379/0"
    assert not (tmp_path / "queue").exists()


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "queue").write_text("a file is in the way")
    with pytest.raises(Unavailable, match="queue folder"):
        make_app(settings(), tmp_path)


def test_a_bell_that_cannot_be_left_says_so(tmp_path: Path) -> None:
    app = make_app(settings(), tmp_path)
    messages = tmp_path / "queue" / "messages"
    messages.rmdir()
    messages.write_text("a file is in the way")
    with pytest.raises(Unavailable, match="it will be found later"):
        ring(app, uuid.uuid4())
