"""Prints the milliseconds of CPU time that a training step takes in PyTorch, run eagerly on one thread.

pytorch_training.py MODEL OPTIMIZER BATCH STEPS: the networks of training.ts, on images of random bytes.
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional

model, optimizer, batch, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(1)
torch.manual_seed(0)
images = torch.randint(0, 256, (6000, 784), dtype=torch.uint8)
labels = torch.arange(6000) % 10


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 16, 3, padding=1)
        self.second = nn.Conv2d(16, 32, 3, padding=1)
        self.hidden = nn.Linear(1568, 64)
        self.output = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.relu(functional.max_pool2d(self.first(x.view(-1, 1, 28, 28)), 2))
        x = torch.relu(functional.max_pool2d(self.second(x), 2))
        return self.output(torch.relu(self.hidden(x.flatten(1))))


perceptron = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
network = Convolutional() if model == 'convolutional' else perceptron
parameters = network.parameters()
update = (
    torch.optim.Adam(parameters, lr=0.01) if optimizer == 'adam' else torch.optim.SGD(parameters, lr=0.01, momentum=0.9)
)


def step(number):
    chosen = torch.arange(number * batch, (number + 1) * batch) * 7919 % 6000
    x = images[chosen].float() / 90 - 0.8
    loss = functional.cross_entropy(network(x), labels[chosen])
    update.zero_grad()
    loss.backward()
    update.step()


for number in range(steps):
    step(number)
times = []
for _ in range(9):
    start = time.process_time()
    for number in range(steps):
        step(number)
    times.append((time.process_time() - start) / steps * 1000)
print(sorted(times)[len(times) // 2])
