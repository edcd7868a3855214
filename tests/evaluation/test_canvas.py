from mammolens.evaluation.canvas import canvas, finish, line


def test_twenty_groups_have_twenty_styles():
    assert len({(style["color"], style["linestyle"]) for style in map(line, range(20))}) == 20


def test_the_legend_does_not_shrink_the_axes():
    figure, axes = canvas("Test", 5, 4)
    for group in range(9):
        axes.plot([0, 1], label=f"group {group}")
    finish(figure, axes)
    figure.draw_without_rendering()
    assert axes.get_position().height * figure.get_figheight() > 3
