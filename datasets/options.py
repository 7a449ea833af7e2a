"""Options that the commands of datasets and models share."""

from pathlib import Path

import click
from click.core import ParameterSource

DATA_DIR_VARIABLE = "TENKEN_DATA_DIR"
DEFAULT_DATA_DIR = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def _named_folder(ctx: click.Context, param: click.Parameter, value: Path) -> Path:
    """Refuse a folder that was named and is not there; who named none may have only own sets."""
    named = ctx.get_parameter_source(str(param.name)) is not ParameterSource.DEFAULT
    if named and not value.is_dir():
        raise click.BadParameter(f"Directory {str(value)!r} does not exist.", ctx, param)
    return value


data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar=DATA_DIR_VARIABLE,
    default=DEFAULT_DATA_DIR,
    callback=_named_folder,
    help="Folder of the published sets (cracks/, roads/, flights/).",
    show_envvar=True,
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
