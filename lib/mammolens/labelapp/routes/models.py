"""`/mammolens/models`: versions of the model, the gate's verdicts, and what a person decides on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from monailabel.config import RBAC_ADMIN, RBAC_USER, settings
from monailabel.endpoints.user.auth import RBAC, User
from monailabel.interfaces.utils.app import app_instance

from mammolens.labelapp.parameters import ModelDecisionParameters
from mammolens.labelapp.responses.learning import ModelList, ModelVersion, SecondLookList
from mammolens.labelapp.routes.dependencies import ERRORS, FRESH
from mammolens.labelapp.tasks.registry import ModelRegistry

router = APIRouter(prefix="/mammolens", tags=["Models"], dependencies=[FRESH], responses=ERRORS)
_user = RBAC(settings.MONAI_LABEL_AUTH_ROLE_USER)
_admin = RBAC(settings.MONAI_LABEL_AUTH_ROLE_ADMIN)
_reads = [Depends(_user)]
Admin = Annotated[User, Depends(_admin)]


@router.get("/models", summary=f"{RBAC_USER}All versions of the model", dependencies=_reads)
def models() -> ModelList:
    """Versions with the gate's verdict on each, the newest first; which serves; what happened."""
    return _registry().all()


@router.get("/models/{model}", summary=f"{RBAC_USER}One version of the model", dependencies=_reads)
def one_model(model: str) -> ModelVersion:
    """A line of the list."""
    return _registry().model(model)


@router.post("/models/rollback", summary=f"{RBAC_ADMIN}Let the model serve that served before")
def rollback(user: Admin, wanted: ModelDecisionParameters | None = None) -> ModelList:
    """Once more, and it is the one before that; kept in the history with who and why."""
    registry = _registry()
    registry.rollback(by=user.username, why=wanted.why if wanted else "")
    return registry.all()


@router.post("/models/{model}/promote", summary=f"{RBAC_ADMIN}Let a version serve")
def promote(model: str, user: Admin, wanted: ModelDecisionParameters | None = None) -> ModelList:
    """Accept it; `why` is required where the gate has not passed it against the model that serves now."""
    registry = _registry()
    registry.promote(model, by=user.username, why=wanted.why if wanted else "")
    return registry.all()


@router.post("/models/{model}/refuse", summary=f"{RBAC_ADMIN}Keep the model that serves")
def refuse(model: str, user: Admin, wanted: ModelDecisionParameters | None = None) -> ModelList:
    """The version stays, refused; it can be promoted later."""
    registry = _registry()
    registry.refuse(model, by=user.username, why=wanted.why if wanted else "")
    return registry.all()


@router.get("/second-look", summary=f"{RBAC_USER}Exams to look at once more", dependencies=_reads)
def second_look() -> SecondLookList:
    """Exams accepted as normal whose score is extreme: no model learns from them until they are confirmed again."""
    app = app_instance()
    listed: SecondLookList = app.second_look.all(app.reading_room.worklist)
    return listed


def _registry() -> ModelRegistry:
    registry: ModelRegistry = app_instance().models
    return registry
