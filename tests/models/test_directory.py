from __future__ import annotations

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from mammolens.errors import ConfigError, ModelError
from mammolens.models.checksums import CHECKSUMS
from mammolens.models.directory import (
    CALIBRATION,
    CONFIG,
    TRAINING,
    WEIGHTS,
    accept_changes,
    load_model,
    model_id_of,
    save_model,
    seal_model,
)
from mammolens.models.networks import build_network
from mammolens.models.weights import round_weights


def test_what_is_saved_is_loaded_again(tmp_path, a_small_config):
    network = build_network(a_small_config.network).eval()
    round_weights(network)
    save_model(tmp_path / "model", a_small_config, network, {"seed": 3})
    model = load_model(tmp_path / "model")
    assert (model.config, model.training) == (a_small_config, {"seed": 3})
    assert not model.network.training
    image = torch.rand(1, 1, 32, 32)
    with torch.inference_mode():
        assert torch.equal(model.network(image, image).reconstruction, network(image, image).reconstruction)


def test_weights_are_kept_in_half_precision(tmp_path, a_small_config):
    network = build_network(a_small_config.network)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    save_model(tmp_path / "model", a_small_config, network, {})
    kept = load_file(tmp_path / "model" / WEIGHTS)
    assert {tensor.dtype for tensor in kept.values() if tensor.is_floating_point()} == {torch.float16}
    for name, tensor in load_model(tmp_path / "model").network.state_dict().items():
        assert tensor.dtype == before[name].dtype
        torch.testing.assert_close(tensor, before[name], rtol=5e-4, atol=1e-7)


def test_weights_beyond_half_precision_are_refused(a_small_config):
    network = build_network(a_small_config.network)
    with torch.no_grad():
        next(network.parameters()).fill_(1e6)
    with pytest.raises(ConfigError, match=r"learning_rate: has led to weights that half .*; choose a smaller one"):
        round_weights(network)


def test_the_directory_holds_text_and_safetensors_only(make_model):
    folder = make_model()
    assert sorted(path.name for path in folder.iterdir()) == sorted((CONFIG, WEIGHTS, TRAINING, CALIBRATION, CHECKSUMS))


def test_the_fingerprint_follows_weights_and_configuration_and_nothing_else(make_model, a_small_config, tmp_path):
    folder = make_model(seed=1)
    name = model_id_of(folder)
    assert name.startswith("small-")
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / TRAINING).write_text("{}")
    seal_model(tmp_path / "copy")
    other_scoring = a_small_config.scoring.model_copy(update={"smoothing": 2.0})
    other_config = a_small_config.model_copy(update={"name": "other", "scoring": other_scoring})
    assert load_model(tmp_path / "copy").model_id == name
    assert model_id_of(make_model(seed=2)) != name
    assert model_id_of(make_model(seed=1, config=other_config)).removeprefix("other-") != name.removeprefix("small-")


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, TRAINING])
def test_a_missing_file_is_named(make_model, name):
    folder = make_model()
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"has no {name}, which SHA256SUMS lists") as caught:
        load_model(folder)
    assert str(caught.value).startswith(f"{folder}: ")
    assert "\n" not in str(caught.value)
    assert str(caught.value).count("; ") == 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (CONFIG, b"name: [", "line 1"),
        (CONFIG, b"\xff\xfe", "cannot be read"),
        (CONFIG, b"colour: blue", "colour: Extra inputs are not permitted"),
        (CONFIG, b"network: {name: unet}", "there is no network 'unet'"),
        (CONFIG, b"network: {options: {width: 3}}", "size mismatch for"),
        (WEIGHTS, b"", "header"),
        (WEIGHTS, b"not safetensors at all", "header"),
        (TRAINING, b"{", "Expecting property name"),
        (TRAINING, b"[]", "holds no record"),
        (TRAINING, b"\xff", "decode"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(make_model, name, content, reason):
    folder = make_model()
    (folder / name).write_bytes(content)
    seal_model(folder)
    with pytest.raises(ModelError, match=reason) as caught:
        load_model(folder)
    assert str(caught.value).startswith(f"{folder}: ")
    assert str(caught.value).endswith("; train it again, or take a complete model directory")
    assert "\n" not in str(caught.value)


def test_truncated_weights_are_refused(make_model):
    folder = make_model()
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[: len(whole) // 2])
    seal_model(folder)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(folder)


def test_weights_that_are_no_numbers_are_refused(make_model):
    folder = make_model()
    state = load_file(folder / WEIGHTS)
    state["decoder.2.bias"].fill_(float("nan"))
    save_file(state, folder / WEIGHTS)
    seal_model(folder)
    with pytest.raises(ModelError, match="decoder.2.bias contains values that are not numbers"):
        load_model(folder)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, TRAINING, CALIBRATION])
def test_a_file_of_which_one_byte_was_changed_is_refused_by_name(make_model, name):
    folder = make_model()
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: is damaged or was changed: it does not match SHA256SUMS") as caught:
        load_model(folder)
    assert f"'mammolens models seal {folder}'" in str(caught.value)


def test_a_configuration_cut_short_at_a_line_is_not_filled_with_defaults(make_model):
    folder = make_model()
    lines = (folder / CONFIG).read_text().splitlines(keepends=True)
    (folder / CONFIG).write_text("".join(lines[:1]))
    with pytest.raises(ModelError, match=r"config\.yaml: is damaged"):
        load_model(folder)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "has no readable SHA256SUMS"),
        (b"\xff", "has no readable SHA256SUMS"),
        (b"", "does not list config.yaml"),
        (b"half a line", "line 1 is not a checksum and a file name"),
        (b"0" * 64 + b"  ../config.yaml\n", "does not list config.yaml"),
    ],
    ids=["missing", "binary", "empty", "torn", "outside"],
)
def test_a_model_without_whole_checksums_is_refused(make_model, content, reason):
    folder = make_model()
    (folder / CHECKSUMS).unlink()
    if content is not None:
        (folder / CHECKSUMS).write_bytes(content)
    with pytest.raises(ModelError, match=reason):
        load_model(folder)


def test_a_change_made_on_purpose_can_be_accepted_if_the_model_still_loads(make_model):
    folder = make_model()
    before, old_id = (folder / CHECKSUMS).read_bytes(), model_id_of(folder)
    changed = (folder / CONFIG).read_text().replace("name: small", "name: mine")
    (folder / CONFIG).write_text("name: [")
    with pytest.raises(ModelError, match="line 1"):
        accept_changes(folder)
    assert (folder / CHECKSUMS).read_bytes() == before
    (folder / CONFIG).write_text(changed)
    assert accept_changes(folder) == load_model(folder).model_id != old_id


def test_a_file_or_nothing_is_no_model_directory(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "nothing"):
        with pytest.raises(ModelError, match="is not a model directory; give the output folder of 'mammolens train'"):
            load_model(path)


def test_a_model_without_weights_has_no_fingerprint(make_model):
    folder = make_model()
    (folder / WEIGHTS).unlink()
    with pytest.raises(ModelError, match="model.safetensors: cannot be read"):
        model_id_of(folder)
