from mammolens.web.session_folder import SessionFolder


def test_all_of_a_session_goes_at_once(tmp_path):
    session = SessionFolder(tmp_path)
    first, second = session.new_folder(), session.new_folder()
    assert first != second
    (first / "image").write_bytes(b"x")
    session.remove()
    session.remove()
    assert not list(tmp_path.iterdir())


def test_two_sessions_do_not_share_a_folder(tmp_path):
    one, other = SessionFolder(tmp_path), SessionFolder(tmp_path)
    one.remove()
    assert other.folder.is_dir()


def test_what_was_written_after_the_removal_goes_too(tmp_path):
    session = SessionFolder(tmp_path)
    folder = session.new_folder()
    session.remove_leftovers()
    assert folder.is_dir()
    session.remove()
    folder.mkdir(parents=True)
    session.remove_leftovers()
    assert not list(tmp_path.iterdir())
