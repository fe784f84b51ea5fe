"""Prints the milliseconds of CPU time that a training step of a ResNet takes in PyTorch, run eagerly on one thread: in
the better of both memory formats.

pytorch_residual.py DEPTH SIDE BATCH STEPS: the networks of residual.ts, on images of random bytes.
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional

depth, side, batch, steps = map(int, sys.argv[1:5])
torch.set_num_threads(1)
torch.manual_seed(0)
images = torch.randint(0, 256, (4 * batch, 3, side, side), dtype=torch.uint8)
labels = torch.arange(4 * batch) % 10


def convolution(inputs, outputs, size, stride=1):
    return [nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs)]


class Block(nn.Module):
    def __init__(self, main, shortcut):
        super().__init__()
        self.main, self.shortcut = nn.Sequential(*main), nn.Sequential(*shortcut)

    def forward(self, x):
        return torch.relu(self.main(x) + self.shortcut(x))


def resnet():
    small = side < 64
    layers = [*convolution(3, 64, 3 if small else 7, 1 if small else 2), nn.ReLU(True)]
    layers += [] if small else [nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for stage, blocks in enumerate([3, 4, 6, 3] if depth == 50 else [2, 2, 2, 2]):
        filters = 64 * 2**stage
        outputs = 4 * filters if depth == 50 else filters
        for index in range(blocks):
            stride = 2 if stage > 0 and index == 0 else 1
            main = [*convolution(inputs, filters, 3, stride), nn.ReLU(True), *convolution(filters, outputs, 3)]
            if depth == 50:
                main = [
                    *convolution(inputs, filters, 1), nn.ReLU(True),
                    *convolution(filters, filters, 3, stride), nn.ReLU(True),
                    *convolution(filters, outputs, 1),
                ]  # fmt: skip
            shortcut = [] if stride == 1 and inputs == outputs else convolution(inputs, outputs, 1, stride)
            layers.append(Block(main, shortcut))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))


def measured(memory_format):
    network = resnet().to(memory_format=memory_format)
    update = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def step(number):
        chosen = torch.arange(number * batch, (number + 1) * batch) % len(labels)
        x = (images[chosen].float() / 90 - 0.8).contiguous(memory_format=memory_format)
        loss = functional.cross_entropy(network(x), labels[chosen])
        update.zero_grad()
        loss.backward()
        update.step()

    step(0)
    start = time.process_time()
    for number in range(steps):
        step(number)
    return (time.process_time() - start) / steps * 1000


print(min(measured(torch.contiguous_format), measured(torch.channels_last)))
