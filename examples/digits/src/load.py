"""Scikit-learn's handwritten digits: 1,797 images of 8 by 8 pixels."""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def load_data(context, test_size=0.25, **kwargs):
    digits = load_digits()
    print(f"Loaded {len(digits.data)} images of {len(digits.target_names)} digits")
    train_x, test_x, train_y, test_y = train_test_split(
        digits.data, digits.target, test_size=test_size, random_state=0
    )
    return {"train": {"x": train_x, "y": train_y}, "test": {"x": test_x, "y": test_y}}
