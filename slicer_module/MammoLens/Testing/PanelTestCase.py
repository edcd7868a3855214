"""The panel in the application: it is there, says what it is not, and does not wait for a server that is not there."""

import socket
import time
import unittest

import slicer


def silent_port():
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@unittest.skipUnless(hasattr(slicer.modules, "mammolens"), "the module is not loaded")
class PanelTestCase(unittest.TestCase):
    """Needs the desktop."""

    def setUp(self):
        self.panel = slicer.modules.mammolens.widgetRepresentation().self().panel
        self.ui = self.panel._ui
        slicer.util.selectModule("MammoLens")

    def test_the_notice_is_in_sight(self):
        self.assertTrue(self.ui.noticeLabel.visible)
        self.assertEqual(self.ui.noticeLabel.text, "Research use only, not a medical device")

    def test_a_server_that_is_not_there_is_told_and_slicer_goes_on(self):
        before = self.ui.urlEdit.text
        self.ui.urlEdit.setText(f"http://127.0.0.1:{silent_port()}")
        started = time.monotonic()
        self.ui.connectButton.click()
        self.assertLess(time.monotonic() - started, 1)
        while self.panel._session.busy is not None and time.monotonic() - started < 60:
            slicer.app.processEvents()
        self.assertTrue(self.ui.messageLabel.visible)
        self.ui.urlEdit.setText(before)
