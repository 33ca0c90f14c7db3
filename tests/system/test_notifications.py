"""A run that fails on the real stack is heard by whoever listens."""

from __future__ import annotations

import threading

from pilot import until
from receiver import Receiver, serve


def test_a_failing_run_is_heard_with_its_task_and_its_commit(pilot, repository):
    commit = repository.commit({"train.py": "def train():\n    raise ValueError('s3cret')\n"})
    receiver = Receiver(answers=[500, 200])
    server = serve(receiver, None)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        workflow = pilot.workflow(
            {"name": "train", "script_path": "train.py", "function_name": "train"},
            git_repository=repository.url,
            notify_url=f"http://127.0.0.1:{server.server_address[1]}/hook",
        )
        pilot.deploy(workflow)
        run = pilot.run(workflow)
        assert run["state"] == "failed"
        until(lambda: len(receiver.got) == 2, "the second delivery", 30)
    finally:
        server.shutdown()
        server.server_close()
    first, body = receiver.got
    assert first == body
    assert (body["event"], body["run"]["id"], body["commit"]) == ("run-failed", run["id"], commit)
    assert body["error"]["tasks"] == ["train"]
    assert "train" in body["text"]
    assert "s3cret" not in str(body)
