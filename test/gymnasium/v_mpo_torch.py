"""The same agent in PyTorch on gymnasium's Ant-v5, to compare the speed of training: iterations a CPU-second.

    python v_mpo_torch.py ITERATIONS

Sizes, updates and settings are those of the recipe `small-budget`: 32 environments × 16 steps, 10 epochs of minibatches
of 128, networks of 128 and 128 units, Adam, generalised advantages, the better half, the solved temperature, controlled
multipliers, standardised observations and rewards. One thread. Writes JSON: environment steps a CPU-second, and the mean
return of the newest episodes.
"""

import json
import sys
import time

import numpy as np
import torch
from gymnasium.envs.mujoco.ant_v5 import AntEnv
from torch import nn

ENVIRONMENTS, ROLLOUT, EPOCHS, MINIBATCH, MOST_STEPS = 32, 16, 10, 128, 1000
GAMMA, LAMBDA, EPSILON_ETA, EPSILON_MU, EPSILON_SIGMA = 0.99, 0.95, 0.1, 0.002, 1e-5
torch.set_num_threads(1)
torch.manual_seed(0)


class Moments:
    """Running mean and deviation."""

    def __init__(self, size):
        self.count, self.mean, self.squares = 0, np.zeros(size), np.zeros(size)

    def add(self, rows):
        count, mean = len(rows), rows.mean(0)
        total, distance = self.count + count, mean - self.mean
        self.squares += ((rows - mean) ** 2).sum(0) + distance**2 * self.count * count / total
        self.mean += distance * count / total
        self.count = total

    @property
    def deviation(self):
        return np.sqrt(np.maximum(self.squares / self.count, 1e-8)) if self.count else np.ones_like(self.mean)


def layers(inputs, outputs, last_share):
    net = nn.Sequential(
        nn.Linear(inputs, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, outputs)
    )
    for index, layer in enumerate(one for one in net if isinstance(one, nn.Linear)):
        nn.init.normal_(layer.weight, std=last_share / 128**0.5 if index == 2 else (2 / layer.in_features) ** 0.5)
        nn.init.zeros_(layer.bias)
    return net


def solve_temperature(best):
    below, low, high = best - best.max(), -9.2, 9.2
    scale = max(float(best.max() - best.min()), 1e-8)
    for _ in range(40):
        middle = (low + high) / 2
        logs = torch.log_softmax(below / (np.exp(middle) * scale), 0)
        divergence = float((logs.exp() * logs).sum()) + np.log(len(best))
        low, high = (middle, high) if divergence > EPSILON_ETA else (low, middle)
    return np.exp(low) * scale


environments = [AntEnv() for _ in range(ENVIRONMENTS)]
shown = np.stack([one.reset(seed=index)[0] for index, one in enumerate(environments)])
OBSERVATIONS, ACTIONS = shown.shape[1], 8
policy, critic = layers(OBSERVATIONS, ACTIONS, 0.01), layers(OBSERVATIONS, 1, 1.0)
log_deviations = nn.Parameter(torch.full((ACTIONS,), float(np.log(0.2))))
adam = torch.optim.Adam([*policy.parameters(), *critic.parameters(), log_deviations], lr=3e-4, eps=1e-5)
alphas, seen, discounted_moments = np.ones(2), Moments(OBSERVATIONS), Moments(1)
steps, returns, discounted, finished = (np.zeros(ENVIRONMENTS) for _ in range(4))
episodes = []


def normalised(observations):
    return torch.from_numpy(np.clip((observations - seen.mean) / seen.deviation, -10, 10).astype(np.float32))


def roll_out():
    global shown
    batch = {name: [] for name in ("raw", "inputs", "actions", "means", "rewards", "values", "next", "last", "sums")}
    for _ in range(ROLLOUT):
        inputs = normalised(shown)
        with torch.no_grad():
            means, values = policy(inputs), critic(inputs)[:, 0].numpy()
            actions = means + log_deviations.exp() * torch.randn_like(means)
        batch["raw"].append(shown.copy())
        rewards, last, ahead = np.zeros(ENVIRONMENTS), np.zeros(ENVIRONMENTS), {}
        following = np.empty_like(shown)
        for index, (one, action) in enumerate(zip(environments, np.clip(actions.numpy(), -1, 1))):
            following[index], rewards[index], ended, _, _ = one.step(action)
            steps[index] += 1
            returns[index] += rewards[index]
            if ended or steps[index] >= MOST_STEPS:
                if not ended:
                    ahead[index] = following[index].copy()
                episodes.append(returns[index])
                last[index], steps[index], returns[index] = 1, 0, 0
                following[index] = one.reset()[0]
        discounted[:] = discounted * GAMMA + rewards
        batch["sums"].append(discounted.copy())
        discounted[last == 1] = 0
        bootstrap = np.zeros(ENVIRONMENTS)
        if ahead:
            with torch.no_grad():
                bootstrap[list(ahead)] = critic(normalised(np.stack(list(ahead.values()))))[:, 0].numpy()
        shown = following
        for name, value in zip(("inputs", "actions", "means"), (inputs, actions, means)):
            batch[name].append(value)
        for name, value in zip(("rewards", "values", "next", "last"), (rewards, values, bootstrap, last)):
            batch[name].append(value)
    with torch.no_grad():
        final = critic(normalised(shown))[:, 0].numpy()
    return batch, final


def advantages_of(batch, final):
    discounted_moments.add(np.stack(batch["sums"]).reshape(-1, 1))
    rewards = np.stack(batch["rewards"]) / discounted_moments.deviation[0]
    values, last, bootstrap = (np.stack(batch[name]) for name in ("values", "last", "next"))
    following = np.concatenate([values[1:], final[None]])
    ahead = np.where(last == 1, bootstrap, following)
    advantages, carried = np.zeros_like(values), np.zeros(ENVIRONMENTS)
    for step in reversed(range(ROLLOUT)):
        carried = rewards[step] + GAMMA * ahead[step] - values[step] + GAMMA * LAMBDA * (1 - last[step]) * carried
        advantages[step] = carried
    return advantages.ravel(), (advantages + values).ravel()


def learn(batch, advantages, targets):
    inputs, actions, means = (torch.cat(batch[name]) for name in ("inputs", "actions", "means"))
    old = log_deviations.detach().clone()
    standardised = torch.from_numpy(((advantages - advantages.mean()) / advantages.std()).astype(np.float32))
    targets = torch.from_numpy(targets.astype(np.float32))
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(inputs)).split(MINIBATCH):
            own, wanted = standardised[rows], targets[rows]
            best, top = torch.topk(own, len(rows) // 2)
            weights = torch.softmax(best / float(solve_temperature(best)), 0)
            new = policy(inputs[rows])
            density = torch.distributions.Normal(new[top], log_deviations.exp())
            policy_loss = -(weights * density.log_prob(actions[rows][top]).sum(1)).sum()
            kl_mean = 0.5 * (((new - means[rows]) / old.exp()) ** 2).sum(1).mean()
            growth = log_deviations - old
            kl_deviation = (growth + 0.5 * (torch.exp(-2 * growth) - 1)).sum()
            value_loss = 0.5 * (critic(inputs[rows])[:, 0] - wanted).square().mean()
            adam.zero_grad()
            (policy_loss + alphas[0] * kl_mean + alphas[1] * kl_deviation + value_loss).backward()
            adam.step()
            divergences = np.array([float(kl_mean), float(kl_deviation)])
            excess = np.clip(divergences / [EPSILON_MU, EPSILON_SIGMA] - 1, -1, 1)
            alphas[:] = np.clip(alphas * np.exp(0.03 * excess), 1e-4, 100)
            with torch.no_grad():
                log_deviations.clamp_(min=float(np.log(0.08)))


iterations = int(sys.argv[1])
begun = None
for iteration in range(iterations + 2):
    # The first two iterations warm up.
    if iteration == 2:
        begun = time.process_time()
    batch, final = roll_out()
    learn(batch, *advantages_of(batch, final))
    seen.add(np.concatenate(batch["raw"]))
taken = time.process_time() - begun
json.dump(
    {
        "stepsPerCpuSecond": iterations * ENVIRONMENTS * ROLLOUT / taken,
        "newestEpisodes": float(np.mean(episodes[-50:])) if episodes else None,
    },
    sys.stdout,
)
