"""Tests for Slicer itself: 'Reload and Test' runs them. They need no server and clear the scene."""
