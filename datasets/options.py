"""Options that the commands of datasets and models share."""

from pathlib import Path

import click

DATA_DIR_VARIABLE = "TENKEN_DATA_DIR"
DEFAULT_DATA_DIR = Path(__file__).resolve().parent.parent.parent / "shared" / "data"

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar=DATA_DIR_VARIABLE,
    default=DEFAULT_DATA_DIR,
    help="Folder of the published sets (cracks/, roads/, flights/).",
    show_envvar=True,
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
