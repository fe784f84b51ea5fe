"""torchvision's ResNets with the values, images and classes of a safetensors file.

    python residual.py answer FILE      logits of ResNet-50 in evaluation mode, and its number of trained values
    python residual.py train FILE       losses of ResNet-18, one a step: Nesterov's momentum, decay of kernels alone

One thread. Writes JSON.
"""

import json
import re
import sys

import torch
from safetensors import safe_open
from torch import nn
from torchvision import models

MODULES = {"scale": "weight", "offset": "bias", "moving-mean": "running_mean", "moving-variance": "running_var"}
torch.set_num_threads(1)
# In one thread, oneDNN's kernels of PyTorch 2.15 lose accuracy: from the sixth step on the losses differ by up to 1 %
# from those without them, and from those with them in two threads.
torch.backends.mkldnn.enabled = False


def theirs(name):
    """Returns torchvision's name of one of our values."""
    place, value = name.split("/")
    is_normalisation = place.endswith("-normalisation")
    place = place.removesuffix("-normalisation")
    value = MODULES[value] if is_normalisation else {"kernel": "weight", "bias": "bias"}[value]
    if place == "stem":
        return f"{'bn1' if is_normalisation else 'conv1'}.{value}"
    if place == "output":
        return f"fc.{value}"
    stage, block, inner = re.fullmatch(r"stage-(\d)-block-(\d)-(.*)", place).groups()
    if inner == "shortcut":
        module = f"downsample.{1 if is_normalisation else 0}"
    else:
        module = f"{'bn' if is_normalisation else 'conv'}{int(inner.removeprefix('convolution-')) + 1}"
    return f"layer{int(stage) + 1}.{block}.{module}.{value}"


def oriented(tensor):
    """Returns a kernel with the dimensions in PyTorch's order."""
    if tensor.ndim == 4:
        return tensor.permute(3, 2, 0, 1)
    return tensor.T if tensor.ndim == 2 else tensor


def load(network, tensors):
    """Gives a network all of our values."""
    values = {theirs(name): oriented(tensor) for name, tensor in tensors.items() if name not in ("images", "classes")}
    missing, unexpected = network.load_state_dict(values, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    return network


def answer(tensors, _):
    network = load(models.resnet50(), tensors).eval()
    with torch.no_grad():
        logits = network(tensors["images"].permute(0, 3, 1, 2))
    return {"logits": logits.tolist(), "trained": sum(value.numel() for value in network.parameters())}


def train(tensors, rates):
    images, classes = tensors["images"], tensors["classes"].long()
    network = load(models.resnet18(num_classes=tensors["output/bias"].numel()), tensors).train()
    kernels = [value for value in network.parameters() if value.ndim > 1]
    others = [value for value in network.parameters() if value.ndim == 1]
    update = torch.optim.SGD(
        [{"params": kernels, "weight_decay": rates["weightDecay"]}, {"params": others, "weight_decay": 0}],
        lr=rates["learningRate"],
        momentum=rates["momentum"],
        nesterov=True,
    )
    losses = []
    for batch, labels in zip(images, classes):
        loss = nn.functional.cross_entropy(network(batch.permute(0, 3, 1, 2)), labels)
        update.zero_grad()
        loss.backward()
        update.step()
        losses.append(loss.item())
    return {"losses": losses}


with safe_open(sys.argv[2], "pt") as file:
    rates = {name: float(value) for name, value in (file.metadata() or {}).items()}
    content = {name: file.get_tensor(name) for name in file.keys()}
print(json.dumps({"answer": answer, "train": train}[sys.argv[1]](content, rates)))
