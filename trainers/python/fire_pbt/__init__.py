"""Trainers for fire-pbt in Python: a class with a handful of methods is a task."""

from .hyperparameters import category, integer, number
from .task import Refused, Task

__all__ = ["Refused", "Task", "category", "integer", "number"]
