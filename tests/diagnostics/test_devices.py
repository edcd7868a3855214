import types

import pytest
import torch

from mammolens.diagnostics import devices
from mammolens.diagnostics.devices import check_devices


def test_the_processor_calculates_and_its_threads_are_told():
    checks = {check.name: check for check in check_devices()}
    assert checks["processor"].status == "ok"
    assert f"{torch.get_num_threads()} threads" in checks["processor"].detail


def test_a_processor_that_calculates_wrongly_fails(monkeypatch):
    monkeypatch.setattr(torch, "arange", lambda *_: torch.zeros(6))
    checks = {check.name: check for check in check_devices()}
    assert (checks["processor"].status, checks["processor"].detail) == ("failed", "torch calculates 0 instead of 30")


@pytest.mark.parametrize(("gib", "status"), [(1.5, "warning"), (4.0, "ok")])
def test_little_memory_is_a_warning(gib, status):
    assert devices._memory(gib).status == status


@pytest.mark.parametrize("works", [True, False])
def test_a_cuda_device_is_named_and_tried(monkeypatch, works):
    def ones(*_: object, device: str) -> torch.Tensor:
        if not works:
            raise RuntimeError("no kernel image is available\nand more")
        return torch.full((8,), 1.0)

    properties = types.SimpleNamespace(name="A card", total_memory=8 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
    monkeypatch.setattr(torch, "ones", ones)
    check = devices._cuda(0)
    assert check.detail.startswith("A card, 8 GiB")
    assert check.status == ("ok" if works else "warning")
    assert works or "no kernel image is available" in check.detail


def test_what_auto_chooses_is_shown(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("MAMMOLENS_DEVICE", "cpu")
    checks = {check.name: check for check in check_devices()}
    chosen = checks["--device auto"]
    assert (chosen.status, chosen.detail) == ("ok", "networks run on cpu, as MAMMOLENS_DEVICE says")


def test_a_variable_that_names_no_device_fails(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("MAMMOLENS_DEVICE", "cuda")
    checks = {check.name: check for check in check_devices()}
    assert checks["--device auto"].status == "failed"
    assert "torch finds no CUDA device" in checks["--device auto"].detail
