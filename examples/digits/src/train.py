"""Fits the classifier."""

import logging

from features import scale
from sklearn.linear_model import LogisticRegression

log = logging.getLogger(__name__)


def train_model(context, **kwargs):
    train = context["ti"].xcom_pull(task_ids="load")["train"]
    epochs = kwargs.get("epochs", 100)
    log.info("Training on %d images for at most %d epochs", len(train["x"]), epochs)
    model = LogisticRegression(max_iter=epochs)
    model.fit(scale(train["x"]), train["y"])
    print(f"Stopped after {model.n_iter_.max()} epochs")
    return model
