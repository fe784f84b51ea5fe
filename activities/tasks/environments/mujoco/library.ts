/**
 * MuJoCo for WebAssembly (`@mujoco/mujoco`): loaded when the first simulation is made, and not before.
 */

/** What of the module is used here; its whole interface is in the package's mujoco.d.ts. */
export interface MuJoCo {
  readonly MjModel: { from_xml_string(xml: string): Model };
  readonly MjData: new (model: Model) => Data;
  readonly DoubleBuffer: new (size: number) => DoubleBuffer;
  readonly mjtState: { readonly mjSTATE_INTEGRATION: { readonly value: number } };
  mj_resetData(model: Model, data: Data): void;
  mj_forward(model: Model, data: Data): void;
  mj_step(model: Model, data: Data): void;
  mj_rnePostConstraint(model: Model, data: Data): void;
  mj_stateSize(model: Model, of: number): number;
  mj_getState(model: Model, data: Data, state: DoubleBuffer, of: number): void;
  mj_setState(model: Model, data: Data, state: Float64Array, of: number): void;
}

/** Lives in WebAssembly's memory until it is deleted. */
interface Handle {
  delete(): void;
}

export interface DoubleBuffer extends Handle {
  GetView(): Float64Array;
}

/** Arrays are views of WebAssembly's memory: they are gone when the memory grows, so nobody keeps them. */
export interface Model extends Handle {
  readonly nq: number;
  readonly nv: number;
  readonly nu: number;
  readonly nbody: number;
  readonly opt: { readonly timestep: number };
  readonly body_mass: Float64Array;
  readonly body_inertia: Float64Array;
  readonly jnt_range: Float64Array;
  readonly dof_armature: Float64Array;
  readonly dof_damping: Float64Array;
  readonly jnt_stiffness: Float64Array;
  readonly actuator_gear: Float64Array;
  readonly actuator_ctrlrange: Float64Array;
  readonly actuator_trnid: Int32Array;
}

/** The same as for models. */
export interface Data extends Handle {
  readonly qpos: Float64Array;
  readonly qvel: Float64Array;
  readonly ctrl: Float64Array;
  readonly cfrc_ext: Float64Array;
  readonly cinert: Float64Array;
  readonly cvel: Float64Array;
  readonly qfrc_actuator: Float64Array;
  readonly subtree_com: Float64Array;
  readonly xpos: Float64Array;
  readonly xipos: Float64Array;
}

let loaded: Promise<MuJoCo> | undefined;

/** Returns MuJoCo, loading it on the first call, which takes a tenth of a second and 20 MB. */
export function loadMuJoCo(): Promise<MuJoCo> {
  loaded ??= load();
  return loaded;
}

/** Not a literal: its own declarations take seconds to check, and have `any` for all arrays. */
const PACKAGE: string = '@mujoco/mujoco';

async function load(): Promise<MuJoCo> {
  const { default: start } = (await import(PACKAGE)) as { readonly default: () => Promise<MuJoCo> };
  return start();
}
