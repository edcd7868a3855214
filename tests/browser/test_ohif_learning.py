"""What the panel in OHIF tells of models and learning."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
SERVER = """(m, told, asked) => ({
  jobs: async () => told.jobs, models: async () => told.models, drift: async () => told.drift,
  train: async () => { asked.push('train'); }, stopJob: async job => { asked.push('stop ' + job); },
  promote: async model => { asked.push('promote ' + model); },
  refuse: async model => { asked.push('refuse ' + model); } })"""
SECTION = f"""async (m, told, clicks) => {{
  const asked = []; const api = ({SERVER})(m, told, asked);
  const {{ Learning }} = await import('/ohif/learning.js'); const learning = new Learning(api);
  learning.isOpen = true; await learning.refresh();
  const section = m.learningSection(learning); document.body.append(section);
  for (const name of clicks) section.querySelector(`[data-name=${{name}}]`).click();
  await new Promise(done => setTimeout(done, 20)); learning.dispose();
  return [section.innerText, asked]; }}"""


def told(
    state: str | None = None, *, passed: bool = True, running: bool = False, alarm: bool = False
) -> dict[str, Any]:
    """What the server answers; ``state`` of a new model, if there is one."""
    verdict = {"passed": passed, "reason": "not worse", "checks": []}
    new = [{"model": "new", "state": state, "gate_result": verdict, "needs_reason": not passed}] if state else []
    job = {"job": "j-1", "kind": "train", "state": "running", "doing": "training: epoch 2 of 8"}
    return {
        "jobs": {"jobs": [job] if running else [], "running": "j-1" if running else None, "queued": []},
        "models": {"serving": "old", "models": [*new, {"model": "old", "state": "serving"}], "history": []},
        "drift": {"alarm": alarm, "sentence": "a new machine"},
    }


def test_the_model_that_serves_stands_in_one_calm_line_and_drift_below_it(run: Run) -> None:
    text, _ = run("ohif/panel-learning.js", SECTION, told(), [])
    assert text.startswith("Model old is in use.")
    assert "a new machine" not in text
    assert "a new machine" in run("ohif/panel-learning.js", SECTION, told(alarm=True), [])[0]


def test_a_training_is_started_and_stopped(run: Run) -> None:
    assert run("ohif/panel-learning.js", SECTION, told(), ["train"])[1] == ["train"]
    text, asked = run("ohif/panel-learning.js", SECTION, told(running=True), ["stop-learning"])
    assert "Training: epoch 2 of 8." in text
    assert asked == ["stop j-1"]


@pytest.mark.parametrize(("name", "done"), [("accept", "promote new"), ("keep", "refuse new")])
def test_a_model_that_waits_is_accepted_or_the_old_one_kept(run: Run, name: str, done: str) -> None:
    assert run("ohif/panel-learning.js", SECTION, told("waits"), [name])[1] == [done]


def test_what_needs_a_reason_is_left_to_the_page_of_the_models(run: Run) -> None:
    text, _ = run("ohif/panel-learning.js", SECTION, told("waits", passed=False), [])
    assert "Accept" not in text
    assert "All models" in text


def test_a_failure_is_told_and_what_was_known_stays(run: Run) -> None:
    script = """async (m, told) => { let fails = false;
      const api = { jobs: async () => { if (fails) throw new Error('not an admin'); return told.jobs; },
        models: async () => told.models, drift: async () => told.drift };
      const learning = new m.Learning(api); await learning.refresh(); fails = true; await learning.refresh();
      return [learning.error, learning.serving.model]; }"""
    assert run("ohif/learning.js", script, told()) == ["not an admin", "old"]


def test_a_running_job_is_looked_at_until_it_is_over(run: Run) -> None:
    script = """async (m, running, idle) => { let looks = 0;
      const api = { jobs: async () => (++looks < 3 ? running.jobs : idle.jobs),
        models: async () => idle.models, drift: async () => idle.drift };
      const learning = new m.Learning(api, {pollMs: 5}); await learning.refresh();
      await new Promise(done => setTimeout(done, 200)); return looks; }"""
    assert run("ohif/learning.js", script, told(running=True), told()) == 3
