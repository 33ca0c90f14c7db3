# -*- coding: utf-8 -*-
"""Made by Taxiway at a deploy, and replaced by the next one: change the workflow, not this file."""

import json

from airflow.sdk import DAG
from taxiway.airflow.dags import dag_arguments, git_task, inline_task

GIT_REPOSITORY = 'https://github.com/your-org/ml-training-repo.git'
GIT_BRANCH = 'main'

# The workflow as it was deployed: every run of this file executes exactly this.
WORKFLOW = json.loads(r'''
{
  "name": "git_ml_pipeline",
  "dag_id": "git_ml_pipeline",
  "description": "ML Pipeline from Git",
  "schedule": "@daily",
  "schedule_from": "2026-03-01T12:00:00+00:00",
  "timezone": "UTC",
  "catchup": false,
  "max_active_runs": 1,
  "commit": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  "release": "b1a90ccfb8a972fda04420be482b04e2217b0feae462aa399a8aec63fe08cfe5",
  "tag": "dag-56febaedeb4813a4",
  "tasks": {
    "train_model": {
      "script_path": "src/train.py",
      "function_name": "train_model",
      "params": {
        "batch_size": 32,
        "epochs": 100
      },
      "retry_count": 2,
      "retry_delay": 600
    },
    "evaluate_model": {
      "python_callable": [
        "def evaluate_model():",
        "    print('Evaluating...')"
      ],
      "params": {},
      "retry_count": 0,
      "retry_delay": 300
    }
  }
}
''')


def execute_git_task(name):
    """A task that runs its function from GIT_REPOSITORY, at the commit above, with its packages."""
    return git_task(WORKFLOW, name, repository=GIT_REPOSITORY, branch=GIT_BRANCH)


with DAG(**dag_arguments(WORKFLOW)):
    # Git-based task: executes function from Git repository
    train_model = execute_git_task('train_model')

    # Inline code task: executes Python code directly
    evaluate_model = inline_task(WORKFLOW, 'evaluate_model')

    train_model >> evaluate_model
