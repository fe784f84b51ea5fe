"""Prints the images a second that torchvision and PIL decode and crop in a DataLoader's processes.

pytorch_images.py FOLDER BATCH WORKERS: an epoch of the images in the folder, after one that starts the processes.
"""
import sys
import time

from torch.utils.data import DataLoader
from torchvision import datasets, transforms

folder, batch, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
changes = transforms.Compose([transforms.RandomResizedCrop(224), transforms.PILToTensor()])
images = datasets.ImageFolder(folder, changes)
loader = DataLoader(images, batch, shuffle=True, num_workers=workers, persistent_workers=True, drop_last=True)
for _ in range(2):
    start = time.perf_counter()
    count = sum(len(labels) for _, labels in loader)
    seconds = time.perf_counter() - start
print(count / seconds)
