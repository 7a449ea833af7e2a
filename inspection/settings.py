"""Settings from the environment, one small class a concern; read only in composition roots.

Scientific thresholds are function arguments with documented defaults, never environment.
"""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_home() -> Path:
    """Name the folder that keeps rows, blobs and the queue when nothing else is said."""
    return Path.home() / ".local" / "share" / "tenken"


class StoreSettings(BaseSettings):
    """Where rows and blobs live."""

    model_config = SettingsConfigDict(env_prefix="TENKEN_")

    home: Path = Field(default_factory=default_home)
    database_url: SecretStr | None = Field(
        default=None, description="SQLAlchemy URL; unset means an SQLite file in the home folder"
    )

    blobs_url: str | None = Field(
        default=None, description="s3://BUCKET/PREFIX; unset means the folder ``home``/blobs"
    )
    blobs_cache_gb: float = Field(
        default=50, gt=0, le=100_000, description="most that is kept here of what a bucket holds"
    )

    demand_room: bool = Field(
        default=True, description="refuse surveys that need more memory or disk than is free"
    )

    def resolved_database_url(self) -> str:
        """Give the URL of the database, an SQLite file in ``home`` unless one is set."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home / 'tenken.sqlite'}"

    @property
    def blobs_dir(self) -> Path:
        """Name the folder of the blobs."""
        return self.home / "blobs"

    @property
    def blobs_cache_bytes(self) -> int:
        """Give how much is kept here of what a bucket holds, bytes."""
        return round(self.blobs_cache_gb * 1e9)


class QueueSettings(BaseSettings):
    """How the bell rings between API and workers."""

    model_config = SettingsConfigDict(env_prefix="TENKEN_QUEUE_")

    broker_url: SecretStr | None = Field(
        default=None, description="Celery broker URL; unset means the folder ``home``/queue"
    )
    polling_interval_s: float = Field(default=0.05, gt=0, le=10)
    lease_s: float = Field(
        default=60.0, ge=2, le=3600, description="silence after which a worker is taken for dead"
    )


class ServeSettings(BaseSettings):
    """Where the HTTP service listens and what it accepts."""

    model_config = SettingsConfigDict(env_prefix="TENKEN_")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    upload_max_mb: int = Field(default=200, ge=1, le=4096, description="one photo, megabytes")
    upload_model_max_mb: int = Field(
        default=500, ge=1, le=1024, description="one uploaded network (ONNX), megabytes"
    )
    upload_keep_h: float = Field(
        default=24, gt=0, le=24 * 90, description="hours until an unfinished upload is forgotten"
    )
    upload_unfinished_max_gb: int = Field(
        default=100, ge=1, le=100_000, description="quota of one organisation's unfinished uploads"
    )
    public_url: str | None = Field(
        default=None, description="https address that people use; unset means this machine only"
    )
    trusted_proxies: str | None = Field(
        default=None,
        description="addresses of proxies whose X-Forwarded-For is believed, with commas between",
    )
    basemaps: str | None = Field(
        default=None,
        description="background maps that pages may fetch from elsewhere, a JSON list; unset: none",
    )


class TelemetrySettings(BaseSettings):
    """How a process tells operators what it does."""

    model_config = SettingsConfigDict(env_prefix="TENKEN_")

    log_format: str = Field(
        default="text", pattern="^(text|json)$", description="json: one object a line"
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    metrics_listen: str | None = Field(
        default=None,
        description="host:port where Prometheus finds the metrics of this process; unset: nowhere",
    )


class OidcSettings(BaseSettings):
    """Who may vouch for people by OpenID Connect."""

    model_config = SettingsConfigDict(env_prefix="TENKEN_OIDC_")

    issuer: str | None = Field(default=None, description="identifier of the issuer, its address")
    client_id: str | None = None
    client_secret: SecretStr | None = Field(
        default=None, description="unset means a public client, protected by PKCE alone"
    )


class PublisherSettings(BaseSettings):
    """Who publishes open data; the catalogue names them."""

    model_config = SettingsConfigDict(env_prefix="TENKEN_PUBLISHER_")

    name: str = Field(default="", description="name of the owner, such as 石川県")
    name_en: str = ""
    uri: str = Field(default="", description="web address that identifies the owner")
    email: str = Field(default="", description="where questions go")


class DetectSettings(BaseSettings):
    """How detection runs on this machine."""

    model_config = SettingsConfigDict(env_prefix="TENKEN_DETECT_")

    engine: str = Field(
        default="auto",
        pattern="^(auto|openvino|onnxruntime|cuda)$",
        description="auto takes OpenVINO, and ONNX Runtime where that is not installed",
    )
    threads: int = Field(default=0, ge=0, le=512, description="0 lets the engine choose")
    precision: str = Field(
        default="f32", pattern="^(f32|bf16|tf32)$", description="bf16 on a CPU, tf32 on CUDA"
    )
    batch: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="chips at once, unset: 4, and 16 on CUDA; fewer when memory lacks",
    )
    band_chips: int = Field(
        default=128, ge=1, le=100_000, description="chips of a band that workers share, about"
    )
    models_dir: Path = Field(
        default_factory=lambda: default_home() / "models",
        description="networks that `tenken models register` wrote",
    )


class PrivacySettings(BaseSettings):
    """Who finds faces and number plates before pictures are published."""

    model_config = SettingsConfigDict(env_prefix="TENKEN_PRIVACY_")

    detector: str = Field(
        default="tenken-private-n",
        description="one that came along, or that `tenken privacy register` wrote",
    )


class MosaicSettings(BaseSettings):
    """Who makes the mosaics."""

    model_config = SettingsConfigDict(env_prefix="TENKEN_MOSAIC_")

    engine: str = Field(default="embedded", pattern="^(embedded|nodeodm)$")
    nodeodm_url: SecretStr | None = Field(
        default=None, description="NodeODM or ClusterODM, like http://host:3000/?token=…"
    )


def unusable(error: ValueError) -> str:
    """Say which variables of the environment cannot be used and why, never what they hold.

    Empty when the error is about something else.
    """
    kinds = {kind.__name__: kind for kind in BaseSettings.__subclasses__()}
    if not isinstance(error, ValidationError) or error.title not in kinds:
        return ""
    prefix = kinds[error.title].model_config["env_prefix"]
    return "; ".join(
        f"{prefix}{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}"
        for one in error.errors(include_input=False)
    )
