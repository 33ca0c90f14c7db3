"""Measures the classifier on images that it has not seen."""

from features import scale
from sklearn.metrics import accuracy_score, recall_score


def evaluate_model(context, **kwargs):
    ti = context["ti"]
    test = ti.xcom_pull(task_ids="load")["test"]
    model = ti.xcom_pull(task_ids="train_model")
    predicted = model.predict(scale(test["x"]))
    recall = recall_score(test["y"], predicted, average=None)
    accuracy = float(accuracy_score(test["y"], predicted))
    print(f"Accuracy {accuracy:.4f} on {len(test['y'])} images")
    return {"accuracy": accuracy, "images": len(test["y"]), "worst_digit": int(recall.argmin())}
