from .reader import Reader


def test_an_opened_exam_has_its_heat_from_the_lowest_level_on(a_reader: Reader) -> None:
    a_reader.open_first()
    assert a_reader.scene.heat == (True, 0.5, 2.0)


def test_switch_slider_and_level_reach_the_overlay(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.ui.showHeatBox.click()
    assert a_reader.scene.heat == (False, 0.5, 2.0)
    a_reader.ui.opacitySlider.value = 80
    assert a_reader.scene.heat == (False, 0.8, 2.0)
    a_reader.ui.fromLevelBox.activated.emit(2)
    assert a_reader.scene.heat == (False, 0.8, 8.0)


def test_the_settings_stay_when_the_next_exam_opens(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.ui.fromLevelBox.activated.emit(1)
    a_reader.click("nextButton")
    assert a_reader.scene.heat == (True, 0.5, 4.0)
    assert a_reader.ui.fromLevelBox.currentIndex == 1


def test_a_change_of_the_saved_settings_moves_the_widgets(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.parameters.opacity = 20.0
    a_reader.parameters.fromLevel = "high"
    assert a_reader.ui.opacitySlider.value == 20
    assert a_reader.ui.fromLevelBox.currentIndex == 2
    assert a_reader.scene.heat == (True, 0.2, 8.0)


def test_the_legend_says_what_each_colour_means_the_highest_first(a_reader: Reader) -> None:
    a_reader.open_first()
    lines = a_reader.ui.legendLabel.text.split("<br>")
    assert [word in line for word, line in zip(("high", "medium", "low"), lines, strict=True)] == [True] * 3
    assert "#fc8961" in lines[0]
    assert "reached by few" in lines[0]


def test_levels_become_a_segmentation_on_request(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.click("segmentationButton")
    assert a_reader.segmented == 1


def test_without_an_exam_there_is_nothing_to_set(a_reader: Reader) -> None:
    assert not a_reader.ui.heatSection.isEnabled()
    a_reader.ui.opacitySlider.value = 10
    assert a_reader.scene.heat is None
