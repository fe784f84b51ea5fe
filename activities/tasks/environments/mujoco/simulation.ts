/**
 * One simulated world of a model: reset, advanced, saved and restored exactly.
 */
import { loadMuJoCo, type Data, type Model, type MuJoCo } from './library.ts';

/** Models by their MJCF: a process needs each once. */
const models = new Map<string, Model>();

export class Simulation {
  readonly model: Model;
  readonly data: Data;
  /** Numbers that `save` writes. */
  readonly stateSize: number;
  readonly #mujoco: MuJoCo;

  /** Makes a world of a model, given as MJCF. The caller disposes of it. */
  static async create(mjcf: string): Promise<Simulation> {
    const mujoco = await loadMuJoCo();
    const model = models.get(mjcf) ?? mujoco.MjModel.from_xml_string(mjcf);
    models.set(mjcf, model);
    return new Simulation(mujoco, model);
  }

  private constructor(mujoco: MuJoCo, model: Model) {
    this.#mujoco = mujoco;
    this.model = model;
    this.data = new mujoco.MjData(model);
    this.stateSize = mujoco.mj_stateSize(model, this.#integration);
  }

  /** Begins anew at these positions and velocities. */
  reset(positions: Float64Array, velocities: Float64Array): void {
    const { model, data } = this;
    this.#mujoco.mj_resetData(model, data);
    data.qpos.set(positions);
    data.qvel.set(velocities);
    this.#mujoco.mj_forward(model, data);
  }

  /** Does so many steps under these controls, and computes the forces of contacts after the last. */
  advance(controls: Float64Array, steps: number): void {
    const { model, data } = this;
    data.ctrl.set(controls);
    for (let step = 0; step < steps; step++) this.#mujoco.mj_step(model, data);
    this.#mujoco.mj_rnePostConstraint(model, data);
  }

  /** Writes all that the next step depends on: with the solver's warm start, not only positions and velocities. */
  save(state: Float64Array): void {
    const buffer = new this.#mujoco.DoubleBuffer(this.stateSize);
    try {
      this.#mujoco.mj_getState(this.model, this.data, buffer, this.#integration);
      state.set(buffer.GetView());
    } finally {
      buffer.delete();
    }
  }

  /** Takes over what `save` wrote. Only positions and velocities are right before the next step. */
  restore(state: Float64Array): void {
    this.#mujoco.mj_setState(this.model, this.data, state, this.#integration);
  }

  dispose(): void {
    this.data.delete();
  }

  get #integration(): number {
    return this.#mujoco.mjtState.mjSTATE_INTEGRATION.value;
  }
}
