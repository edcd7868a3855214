from mammolens.web.workplace import Workplace


def test_all_of_a_session_goes_at_once(tmp_path):
    workplace = Workplace(tmp_path)
    first, second = workplace.new_folder(), workplace.new_folder()
    assert first != second
    (first / "image").write_bytes(b"x")
    workplace.remove()
    workplace.remove()
    assert not list(tmp_path.iterdir())


def test_two_sessions_do_not_share_a_folder(tmp_path):
    one, other = Workplace(tmp_path), Workplace(tmp_path)
    one.remove()
    assert other.folder.is_dir()


def test_what_was_written_after_the_removal_goes_too(tmp_path):
    workplace = Workplace(tmp_path)
    folder = workplace.new_folder()
    workplace.settle()
    assert folder.is_dir()
    workplace.remove()
    folder.mkdir(parents=True)
    workplace.settle()
    assert not list(tmp_path.iterdir())
