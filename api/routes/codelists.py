"""Code-lists: what the pages call things, and their colours."""

from fastapi import APIRouter

from api.schemas.codelist import DamageClassList, DamageClassOut
from inspection.codelists.damage_classes import load_damage_labels
from inspection.domain.review import RejectReason

router = APIRouter(prefix="/api/codelists", tags=["codelists"])


@router.get("/damage-classes", operation_id="damage_classes")
def damage_classes() -> DamageClassList:
    """List the classes of damage with names and colours, and the reasons of a rejection."""
    return DamageClassList(
        damage_classes=[DamageClassOut.of(label) for label in load_damage_labels().values()],
        reject_reasons=list(RejectReason),
    )
