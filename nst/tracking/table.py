"""Trackers by the names that `tracking.mode` takes.

Imports nothing, since the configuration's schema reads its choices here. nst/tracking/tracker.py
says what a tracker's module has.
"""

#: Name -> module. `tracking=NAME` also takes a file conf/tracking/NAME.yaml.
TRACKERS = {
    "offline": "nst.tracking.wandb_tracker",
    "online": "nst.tracking.wandb_tracker",
    "disabled": "nst.tracking.none",
}
