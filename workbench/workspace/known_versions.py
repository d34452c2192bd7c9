"""Is there such a version of a model? Asked before an empty answer is given for a mistyped one."""

from __future__ import annotations

from workbench.domain.names import shown
from workbench.errors import MisuseError
from workbench.store.measured import Choice
from workbench.workspace.subjects import Subject

_LISTED = 12


def require_version(subject: Subject, asked: str | None) -> None:
    """Refuses a version that no stored row of the model has, in whatever period or role.

    Args:
        subject: the model.
        asked: as commands take it: `champion`, `all`, None, or a version.

    Raises:
        MisuseError: there is none; the hint names those that there are.
        NoRowsError: nothing is stored.
    """
    if asked in (None, "champion", "all", subject.champion):
        return
    everything = subject.period("all")
    with subject.store.counts(everything, subject.store.own_by) as counts:
        found = counts.groups(Choice(everything, roles=()), "model_version")
    versions = sorted(version for version in found if version is not None)
    if asked in versions:
        return
    card = subject.card
    listed = ", ".join(shown(version, 40) for version in versions[:_LISTED])
    more = f" and {len(versions) - _LISTED} more" if len(versions) > _LISTED else ""
    if card.privacy.is_sensitive(card.columns.model_version):
        listed, more = f"{len(versions)}, which are sensitive", ""
    raise MisuseError(
        f"no predictions of {card.name} have the version {asked!r}",
        f"Versions with rows: {listed}{more}. Or: champion ({shown(subject.champion, 40)}), all.",
    )
