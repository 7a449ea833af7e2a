"""The files of a deployment hold together: compose, images, units, manifests; nothing is secret.

No container engine is needed, and none was at hand: the compose file is checked against a strict
schema of what it uses. Its commands are run natively in tests/services/test_deployed_commands.py.

Source: Compose Specification (compose-spec), services, networks, volumes, deploy, build.
"""

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from click.testing import CliRunner
from pydantic import BaseModel, ConfigDict, Field

from inspection.cli import tenken
from inspection.settings import (
    QueueSettings,
    ServeSettings,
    StoreSettings,
    TelemetrySettings,
)

ROOT = Path(__file__).parents[2]
Duration = Annotated[str, Field(pattern=r"^\d+(s|m|h)$")]
Ours = ("api", "worker-cpu", "worker-gpu", "migrate")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Build(Strict):
    context: str
    target: str


class Healthcheck(Strict):
    test: Annotated[list[str], Field(min_length=2)]
    interval: Duration
    timeout: Duration
    retries: int
    start_period: Duration = "0s"


class Condition(Strict):
    condition: Literal["service_healthy", "service_completed_successfully", "service_started"]


class Device(Strict):
    driver: str
    count: int
    capabilities: list[str]


class Service(Strict):
    image: str
    build: Build | None = None
    command: list[str] | None = None
    restart: Literal["no", "always", "on-failure", "unless-stopped"]
    environment: dict[str, str] = Field(default_factory=dict)
    ports: list[Annotated[str, Field(pattern=r"^\d+:\d+$")]] = Field(default_factory=list)
    volumes: list[Annotated[str, Field(pattern=r"^[^:]+:/[^:]+(:ro)?$")]] = Field(
        default_factory=list
    )
    networks: dict[str, dict[str, str] | None]
    depends_on: dict[str, Condition] = Field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    profiles: list[str] = Field(default_factory=list)
    stop_grace_period: Duration | None = None
    shm_size: str | None = None
    security_opt: list[str] = Field(default_factory=list)
    cap_drop: list[str] = Field(default_factory=list)
    init: bool = False
    deploy: dict[
        Literal["resources"],
        dict[Literal["reservations"], dict[Literal["devices"], list[Device]]],
    ] = Field(default_factory=dict)


class Compose(Strict):
    name: str
    services: dict[str, Service]
    volumes: dict[str, None]
    networks: dict[str, Any]
    x_tenken: dict[str, Any] = Field(alias="x-tenken")


@pytest.fixture(scope="module")
def compose() -> Compose:
    return Compose.model_validate(yaml.safe_load((ROOT / "compose.yaml").read_text()))


@pytest.fixture(scope="module")
def stages() -> dict[str, str]:
    """Give the text of each stage of the Dockerfile by its name."""
    text = (ROOT / "Dockerfile").read_text()
    parts = re.split(r"^FROM (\S+) AS (\S+)$", text, flags=re.MULTILINE)
    return {
        name: f"{base}\n{body}" for base, name, body in zip(*[iter(parts[1:])] * 3, strict=True)
    }


def test_a_misspelt_key_would_be_seen() -> None:
    plain = yaml.safe_load((ROOT / "compose.yaml").read_text())
    plain["services"]["api"]["healthchek"] = {}
    with pytest.raises(ValueError, match="healthchek"):
        Compose.model_validate(plain)


def test_every_service_that_the_design_names_is_there(compose: Compose) -> None:
    assert set(compose.services) == {
        "proxy", "migrate", "api", "worker-cpu", "worker-gpu", "postgis", "redis",
    }  # fmt: skip


def test_whatever_is_named_is_there(compose: Compose) -> None:
    for name, service in compose.services.items():
        assert set(service.depends_on) <= set(compose.services), name
        assert set(service.networks) <= set(compose.networks), name
        for mount in service.volumes:
            source = mount.partition(":")[0]
            known = source in compose.volumes or (ROOT / source).is_file()
            assert known, f"{name} mounts {source}"
        for needed, condition in service.depends_on.items():
            if condition.condition == "service_healthy":
                assert compose.services[needed].healthcheck is not None, needed


def test_only_the_proxy_is_reached_from_outside(compose: Compose) -> None:
    assert [name for name, service in compose.services.items() if service.ports] == ["proxy"]
    proxy = compose.services["proxy"].networks["inside"]
    assert proxy is not None
    trusted = compose.services["api"].environment["TENKEN_TRUSTED_PROXIES"]
    assert proxy["ipv4_address"] == trusted


def test_no_secret_has_a_default(compose: Compose) -> None:
    text = (ROOT / "compose.yaml").read_text()
    for word in re.findall(r"\$\{([^}]+)\}", text):
        assert re.fullmatch(r"\w+:\?.+", word), f"{word} may be empty"
    assert "PASSWORD: $" in text and not re.search(r"PASSWORD: [^$\n]", text)
    assert re.findall(r"^\w+=(.+)$", (ROOT / "deploy/example.env").read_text(), re.MULTILINE) == []


def test_images_are_pinned_and_name_no_host(compose: Compose, stages: dict[str, str]) -> None:
    for name, service in compose.services.items():
        if name in Ours:
            continue
        repository, _, tag = service.image.partition(":")
        assert re.search(r"\d+\.\d+|\d+-\d", tag), f"{service.image} is not pinned"
        assert "." not in repository.split("/")[0]
    text = (ROOT / "Dockerfile").read_text()
    for image in re.findall(r"^ARG \w+_IMAGE=(\S+)$", text, re.MULTILINE):
        assert re.fullmatch(r"\w+:\d+\.\d+\.\d+-[\w-]+", image), image
    assert {"web", "install", "runtime", "api", "worker-cpu", "worker-gpu"} <= set(stages)


def test_every_stage_that_compose_builds_is_there_and_does_the_same(
    compose: Compose, stages: dict[str, str]
) -> None:
    for name in ("api", "worker-cpu", "worker-gpu"):
        found = re.search(r"^CMD (\[.+\])$", stages[name], re.MULTILINE)
        assert found is not None
        assert json.loads(found[1]) == compose.services[name].command
        built = [service.build.target for service in compose.services.values() if service.build]
        assert name in built
        base, seen = name, []
        while base in stages:
            seen.append(base)
            base = stages[base].splitlines()[0]
        assert "USER tenken" in stages["runtime"] and "runtime" in seen, f"{name} runs as root"


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for line in re.findall(
        r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    ):
        *sources, _ = line.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source.split('/')[0]}" in ignored, source


@pytest.mark.parametrize("name", Ours)
def test_commands_are_commands_of_tenken(compose: Compose, name: str) -> None:
    command = compose.services[name].command
    assert command is not None and command[0] == "tenken"
    words = [word for word in command[1:] if not word.startswith("-")][:2]
    path = words if words[0] == "db" else words[:1]
    shown = CliRunner().invoke(tenken, [*path, "--help"])
    assert shown.exit_code == 0
    for option in (word for word in command if word.startswith("--")):
        assert option in shown.output, option


def known_settings() -> set[str]:
    return {
        f"{kind.model_config.get('env_prefix', '')}{field}".upper()
        for kind in (StoreSettings, QueueSettings, ServeSettings, TelemetrySettings)
        for field in kind.model_fields
    }


def test_settings_are_settings_of_tenken(compose: Compose) -> None:
    known = known_settings()
    given = set(compose.services["api"].environment)
    units = re.findall(r"^(TENKEN_\w+)=", (ROOT / "deploy/systemd/tenken.env").read_text(), re.M)
    (config,) = [one for one in manifests() if one["kind"] == "ConfigMap"]
    for where in (given, set(units), set(config["data"])):
        assert where <= known, where - known
        assert {"TENKEN_HOME", "TENKEN_QUEUE_BROKER_URL", "TENKEN_PUBLIC_URL"} <= where


def manifests() -> list[dict[str, Any]]:
    listed = yaml.safe_load((ROOT / "deploy/kubernetes.yaml").read_text())
    assert listed["kind"] == "List"
    return list(listed["items"])


def test_manifests_hold_together(compose: Compose) -> None:
    items = manifests()
    names = {(one["kind"], one["metadata"]["name"]) for one in items}
    assert len(names) == len(items)
    for one in items:
        if one["kind"] not in {"Deployment", "Job"}:
            continue
        spec = one["spec"]["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        (container,) = spec["containers"]
        assert re.search(r":\d+\.\d+\.\d+$", container["image"])
        volumes = {volume["name"] for volume in spec["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        twin = compose.services[one["metadata"]["name"]]
        assert container["command"] == twin.command
        if one["kind"] == "Deployment":
            labels = one["spec"]["template"]["metadata"]["labels"]
            assert one["spec"]["selector"]["matchLabels"].items() <= labels.items()
    (service,) = [one for one in items if one["kind"] == "Service"]
    (api,) = [
        one for one in items if (one["kind"], one["metadata"]["name"]) == ("Deployment", "api")
    ]
    labels = api["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()


UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_run_what_compose_runs_and_give_up_what_they_do_not_need(
    unit: Path, compose: Compose
) -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    service = parser["Service"]
    assert (service["User"], service["NoNewPrivileges"], service["ProtectSystem"]) == (
        "tenken", "yes", "strict",
    )  # fmt: skip
    command = service["ExecStart"].split()
    twin = compose.services["worker-cpu" if "worker" in unit.name else "api"].command
    assert twin is not None
    assert command[0] == "/opt/tenken/bin/tenken"
    assert set(command[1:]) <= set(twin)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_finds_no_fault_in_the_units(unit: Path, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed here")
    text = unit.read_text().replace("/opt/tenken/bin/tenken", "/bin/true")
    placed = tmp_path / unit.name.replace("@", "@1")
    placed.write_text(text)
    done = subprocess.run(
        [program, "verify", "--man=no", "--recursive-errors=no", str(placed)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    faults = [line for line in done.stderr.splitlines() if placed.name in line]
    assert not faults, done.stderr


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay one compose file over another: mappings are merged, everything else is replaced.

    Source: Compose Specification, "Merge"; no sequence of ours stands in both files.
    """
    return base | {
        key: merged(base[key], value)
        if isinstance(value, dict) and isinstance(base.get(key), dict)
        else value
        for key, value in over.items()
    }


@pytest.fixture(scope="module")
def with_objects() -> Compose:
    """Give the deployment with an object store, as ``-f compose.yaml -f compose.objects.yaml``."""
    base, over = (
        yaml.safe_load((ROOT / name).read_text())
        for name in ("compose.yaml", "compose.objects.yaml")
    )
    del over["x-objects"]
    return Compose.model_validate(merged(base, over))


def test_the_object_store_is_there_and_everybody_knows_it(
    compose: Compose, with_objects: Compose
) -> None:
    assert set(with_objects.services) - set(compose.services) == {"objects", "bucket"}
    test_whatever_is_named_is_there(with_objects)
    test_only_the_proxy_is_reached_from_outside(with_objects)
    objects = with_objects.services["objects"]
    assert re.search(r"\d{4}-\d\d", objects.image) and objects.volumes == ["objects:/data"]
    secret = objects.environment["MINIO_ROOT_PASSWORD"]
    assert re.fullmatch(r"\$\{TENKEN_OBJECTS_PASSWORD:\?.+\}", secret)
    for name in ("api", "worker-cpu", "worker-gpu", "bucket"):
        said = with_objects.services[name].environment
        assert said["TENKEN_BLOBS_URL"] == "s3://tenken"
        assert said["AWS_ENDPOINT_URL"] == "http://objects:9000"
        assert said["AWS_SECRET_ACCESS_KEY"] == secret
        assert said["AWS_ACCESS_KEY_ID"] == objects.environment["MINIO_ROOT_USER"]
    for name in ("api", "worker-cpu", "worker-gpu"):
        before = compose.services[name]
        after = with_objects.services[name]
        assert after.environment.items() >= before.environment.items()
        assert set(after.depends_on) == {*before.depends_on, "bucket"}
    command = with_objects.services["bucket"].command
    assert command is not None
    shown = CliRunner().invoke(tenken, [*command[1:], "--help"])
    assert shown.exit_code == 0 and "TENKEN_BLOBS_URL" in shown.output


def test_what_is_over_compose_has_no_default_secret(stages: dict[str, str]) -> None:
    text = (ROOT / "compose.objects.yaml").read_text()
    words = re.findall(r"\$\{([^}]+)\}", text)
    assert words and all(re.fullmatch(r"\w+:\?.+", word) for word in words)
    assert "s3" in stages["install"] and "otel" in stages["install"]
