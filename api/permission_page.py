"""Write ``docs/who-may-do-what.md`` from the matrix: ``make permissions``."""

import sys

from api.permission import Permissions, Right, permissions
from inspection.domain.account import Role

BEFORE = """\
# Who may do what · 権限一覧

Written by `make permissions` from `api/permissions.yaml`, which the service itself obeys; a test
fails when the two differ, when an address of the service is missing, or when a role gets further
than its column says.

- A person has one role in an organisation, and may have another one in another:
  `tenken users add NAME --role ROLE --org ORG`.
- An organisation sees the rows of those below it (a prefecture those of its cities) and changes
  only its own.
- An API token never does more than its scopes and its person's role both allow.
- `approve` needs the mark *approver* beside the role (`--approver`).
- `public`: nobody is asked who they are. `anyone`: everybody is answered, those who are signed in
  are told more.
- While nobody has an account, the person at this machine has every right (single-user mode);
  others cannot reach the service then.

"""


def document() -> str:
    """Give the whole document."""
    return BEFORE + as_markdown(permissions())


def as_markdown(matrix: Permissions) -> str:
    """Show the matrix as tables for people: rights by role, then routes by role."""
    roles = list(Role)
    heads = " | ".join(role.value for role in roles)
    rule = "|".join(["---"] * (len(roles) + 2))
    rights = [
        f"| `{right.name}` | {right.means_en}<br>{right.means_ja} | "
        + " | ".join(_mark(right, role) for role in roles)
        + " |"
        for right in matrix.rights.values()
    ]
    routes = [
        f"| `{route}` | {name} | "
        + " | ".join(_mark(matrix.rights.get(name), role) for role in roles)
        + " |"
        for route, name in matrix.routes.items()
    ]
    return "\n".join(
        [
            f"| right | means | {heads} |", f"|{rule}|", *rights, "",
            f"| address | right | {heads} |", f"|{rule}|", *routes, "",
        ]
    )  # fmt: skip


def _mark(right: Right | None, role: Role) -> str:
    """Mark a cell; a right of nobody (``public``) is everybody's."""
    if right is None:
        return "yes"
    if role not in right.roles:
        return "–"
    return "if approver" if right.approver else "yes"


if __name__ == "__main__":
    sys.stdout.write(document())
