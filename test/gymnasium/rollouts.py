"""Rolls out gymnasium's Ant-v5 and Humanoid-v5, and rewards as version 1 defined them: JSON in, JSON out.

In: {"environment": "ant" or "humanoid", "model": MJCF, "rollouts": [{"positions", "velocities", "actions"}, ...]}.
Out: for each rollout {"v5": {"observations", "rewards", "ended"}, "v1": the same}, one element a step. `--speed` steps
random actions for 5 CPU-seconds instead, as users of gymnasium do, with its own model file: one environment without
wrappers, and 32 in a vector. It writes steps a CPU-second of both.
"""

import json
import os
import sys
import tempfile
import time

import gymnasium
import numpy as np
from gymnasium.envs.mujoco.ant_v5 import AntEnv
from gymnasium.envs.mujoco.humanoid_v5 import HumanoidEnv

ENVIRONMENTS = {"ant": AntEnv, "humanoid": HumanoidEnv}


def make(name, model):
    with tempfile.NamedTemporaryFile("w", suffix=".xml", delete=False) as file:
        file.write(model)
    try:
        # Bodies are called as in our own model; the torso is the first of them.
        return ENVIRONMENTS[name](xml_file=file.name)
    finally:
        os.unlink(file.name)


def mass_centre(environment):
    """Version 1 of Humanoid: sum of mass times position of each body's centre of mass, divided by the mass."""
    mass = np.expand_dims(environment.model.body_mass, 1)
    return (np.sum(mass * environment.data.xipos, 0) / np.sum(mass))[0]


def place_v1(name, environment):
    # get_body_com of mujoco-py 0.5 was the centre of mass of the subtree, not of the body.
    return environment.data.subtree_com[1, 0] if name == "ant" else mass_centre(environment)


def step_v1(name, environment, before, action):
    """Observation, reward and end, transcribed from the definitions of Ant-v1 and Humanoid-v1."""
    data, model = environment.data, environment.model
    after = place_v1(name, environment)
    if name == "ant":
        forces = np.clip(data.cfrc_ext, -1, 1)
        observation = np.concatenate([data.qpos.flat[2:], data.qvel.flat, forces.flat])
        forward_reward = (after - before) / (model.opt.timestep * 5)
        ctrl_cost = 0.5 * np.square(action).sum()
        contact_cost = 0.5 * 1e-3 * np.sum(np.square(forces))
        state = np.concatenate([data.qpos, data.qvel])
        notdone = np.isfinite(state).all() and 0.2 <= data.qpos[2] <= 1.0
        return observation, forward_reward - ctrl_cost - contact_cost + 1.0, not notdone
    parts = [data.qpos.flat[2:], data.qvel.flat, data.cinert.flat, data.cvel.flat, data.qfrc_actuator.flat, data.cfrc_ext.flat]
    lin_vel_cost = 0.25 * (after - before) / model.opt.timestep
    quad_ctrl_cost = 0.1 * np.square(data.ctrl).sum()
    quad_impact_cost = min(0.5e-6 * np.square(data.cfrc_ext).sum(), 10)
    reward = lin_vel_cost - quad_ctrl_cost - quad_impact_cost + 5.0
    return np.concatenate(parts), reward, data.qpos[2] < 1.0 or data.qpos[2] > 2.0


def roll_out(name, environment, rollout):
    environment.reset(seed=0)
    environment.set_state(np.array(rollout["positions"]), np.array(rollout["velocities"]))
    found = {version: {"observations": [], "rewards": [], "ended": []} for version in ("v5", "v1")}
    for action in np.array(rollout["actions"]):
        before = place_v1(name, environment)
        steps = {"v5": environment.step(action)[:3], "v1": step_v1(name, environment, before, action)}
        for version, (observation, reward, ended) in steps.items():
            found[version]["observations"].append(observation.tolist())
            found[version]["rewards"].append(float(reward))
            found[version]["ended"].append(bool(ended))
    return found


def speed_of_one(environment):
    environment.reset(seed=0)
    steps, begun = 0, time.process_time()
    while time.process_time() - begun < 5:
        _, _, ended, _, _ = environment.step(environment.action_space.sample())
        steps += 1
        if ended or steps % 1000 == 0:
            environment.reset()
    return steps / (time.process_time() - begun)


def speed_of_vector(name, count=32):
    environments = gymnasium.make_vec(f"{name.capitalize()}-v5", num_envs=count, vectorization_mode="sync")
    environments.reset(seed=0)
    steps, begun = 0, time.process_time()
    while time.process_time() - begun < 5:
        environments.step(environments.action_space.sample())
        steps += count
    return steps / (time.process_time() - begun)


given = json.load(sys.stdin)
name = given["environment"]
if "--speed" in sys.argv:
    json.dump({"one": speed_of_one(ENVIRONMENTS[name]()), "vector": speed_of_vector(name)}, sys.stdout)
else:
    environment = make(name, given["model"])
    json.dump([roll_out(name, environment, one) for one in given["rollouts"]], sys.stdout)
