"""What the configuration can say and no executor carries out yet: refused, so that no option is silently ignored."""

from typing import Final

from cronsole.config.problems import Fault

UNAVAILABLE: Final[dict[str, str]] = {
    "publish": "publishing on Redis",
    "celery": "sending a Celery task",
    "nodes": "choosing the nodes of a fleet",
}


def check_available(feature: str) -> None:
    """Raise a Fault when a feature, its options well-formed, cannot be carried out."""
    if feature in UNAVAILABLE:
        raise Fault(f"{UNAVAILABLE[feature]} is not available in this version")
