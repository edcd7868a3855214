"""DIMSE services (PS3.7): images come in and results go out by C-STORE."""

import logging
from typing import Final

VERIFICATION: Final = "1.2.840.10008.1.1"
"""SOP class of C-ECHO; pynetdicom makes its names at run time."""

logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # it would log data sets and stack traces
