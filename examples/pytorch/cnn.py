"""A small convolutional network on Fashion-MNIST, written with PyTorch."""

import functools
import gzip
import os
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from fire_pbt import Refused, Task, number

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
# Without it, cuBLAS refuses what would not repeat itself bit for bit.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# As the shipped image classification splits it: 50,000 to train on, 5,000 to decide by, 5,000 that nobody uses.
TRAINING, OBJECTIVE = slice(0, 50_000), slice(50_000, 55_000)


@functools.cache
def load(folder, part):
    """Return images of shape [n, 1, 28, 28] from 0 to 1 and labels; each process loads them once."""
    arrays = []
    for name, header in (("images-idx3", 16), ("labels-idx1", 8)):
        file = pathlib.Path(folder) / f"{part}-{name}-ubyte"
        packed = file.with_name(file.name + ".gz")
        body = file.read_bytes() if file.exists() else gzip.decompress(packed.read_bytes())
        arrays.append(np.frombuffer(body, np.uint8, offset=header))
    images = torch.from_numpy(arrays[0].copy()).reshape(-1, 1, 28, 28).float() / 255
    return images, torch.from_numpy(arrays[1].copy()).long()


class Cnn(Task):
    kind = "pytorch-cnn"
    score = "accuracy"
    settings = {"data": ".fire-pbt/data/fashion-mnist", "batchSize": 32, "channels": 8}
    hyperparameters = [
        number("learningRate", above=0, description="Learning rate of SGD."),
        number("momentum", minimum=0, below=1, default=0.9, description="Momentum of SGD."),
    ]

    @classmethod
    def check(cls, settings):
        if not pathlib.Path(settings["data"]).is_dir():
            raise Refused(("data", "a folder that the trainer can read"))

    def initialise(self):
        self.build(int(self.random("weights").integers(2**63)))

    def build(self, seed):
        torch.manual_seed(seed)
        channels = self.options["channels"]
        self.network = torch.nn.Sequential(
            torch.nn.Conv2d(1, channels, 3, stride=2, padding=1),
            torch.nn.ReLU(),
            torch.nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1),
            torch.nn.ReLU(),
            torch.nn.Flatten(),
            torch.nn.Linear(2 * channels * 49, 10),
        ).to(DEVICE)
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=0.1, momentum=0.9)

    def save(self):
        velocities = {
            f"velocity/{name}": self.optimizer.state[one].get("momentum_buffer", torch.zeros_like(one))
            for name, one in self.network.named_parameters()
        }
        return {name: one.detach().cpu().numpy() for name, one in {**self.network.state_dict(), **velocities}.items()}

    def restore(self, state):
        self.build(0)
        arrays = {name: torch.from_numpy(array.copy()).to(DEVICE) for name, array in state.items()}
        self.network.load_state_dict({name: arrays[name] for name in self.network.state_dict()})
        for name, one in self.network.named_parameters():
            self.optimizer.state[one]["momentum_buffer"] = arrays[f"velocity/{name}"]

    def weights(self):
        return {name: one.cpu().numpy() for name, one in self.network.state_dict().items()}

    def train(self, step, hyperparameters):
        for group in self.optimizer.param_groups:
            group["lr"], group["momentum"] = hyperparameters["learningRate"], hyperparameters["momentum"]
        images, labels = load(self.options["data"], "train")
        rows = self.random("batch", step).integers(TRAINING.stop, size=self.options["batchSize"])
        self.optimizer.zero_grad()
        F.cross_entropy(self.network(images[rows].to(DEVICE)), labels[rows].to(DEVICE)).backward()
        self.optimizer.step()

    def measure(self):
        images, labels = load(self.options["data"], "train")
        return self.accuracy(images[OBJECTIVE], labels[OBJECTIVE])

    def test(self):
        return self.accuracy(*load(self.options["data"], "t10k"))

    @torch.no_grad()
    def accuracy(self, images, labels):
        return (self.network(images.to(DEVICE)).argmax(1).cpu() == labels).float().mean().item()
