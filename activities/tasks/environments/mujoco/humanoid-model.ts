/**
 * The humanoid as MuJoCo's MJCF, written from the published dimensions of Gym's Humanoid (Tassa, Erez and Todorov,
 * "Synthesis and stabilization of complex behaviors through online trajectory optimization", IROS 2012).
 *
 * Metres, kilograms, seconds; angles in degrees. The right side is the left one with y mirrored.
 */

type Side = 'right' | 'left';

interface Joint {
  readonly name: string;
  readonly axis: string;
  readonly range: string;
  readonly armature: number;
  /** Default: 0. */
  readonly stiffness?: number;
  /** Default: 1. */
  readonly damping?: number;
  /** Where it is in its body; default: at the body's origin. */
  readonly at?: string;
}

/** Motors in their order, with their gears. */
const MOTORS: readonly (readonly [joint: string, gear: number])[] = [
  ['abdomen-y', 100],
  ['abdomen-z', 100],
  ['abdomen-x', 100],
  ...(['right', 'left'] as const).flatMap((side): [string, number][] => [
    [`${side}-hip-x`, 100],
    [`${side}-hip-z`, 100],
    [`${side}-hip-y`, 300],
    [`${side}-knee`, 200],
  ]),
  ...(['right', 'left'] as const).flatMap((side): [string, number][] => [
    [`${side}-shoulder-1`, 25],
    [`${side}-shoulder-2`, 25],
    [`${side}-elbow`, 25],
  ]),
];

/** Positions and angles that an episode begins with, before noise. */
export const HUMANOID_START: readonly number[] = [0, 0, 1.4, 1, 0, 0, 0, ...Array<number>(17).fill(0)];

/** Returns the humanoid's MJCF. */
export function humanoidModel(): string {
  return `<mujoco model="humanoid">
  <compiler angle="degree" inertiafromgeom="true"/>
  <option integrator="RK4" solver="PGS" iterations="50" timestep="0.003"/>
  <size memory="1M"/>
  <default>
    <joint armature="1" damping="1" limited="true"/>
    <geom contype="1" conaffinity="1" condim="1" margin="0.001"/>
    <motor ctrllimited="true" ctrlrange="-0.4 0.4"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="20 20 0.125" condim="3" friction="1 0.1 0.1"/>
    <body name="torso" pos="0 0 1.4">
      <joint name="root" type="free" armature="0" damping="0" limited="false"/>
      ${capsule('torso', '0 -0.07 0 0 0.07 0', 0.07)}
      ${sphere('head', '0 0 0.19', 0.09)}
      ${capsule('upper-waist', '-0.01 -0.06 -0.12 -0.01 0.06 -0.12', 0.06)}
      <body name="lower-waist" pos="-0.01 0 -0.26" quat="1 0 -0.002 0">
        ${capsule('lower-waist', '0 -0.06 0 0 0.06 0', 0.06)}
        ${joint({ ...abdomen('z', '0 0 1', '-45 45', 20), at: '0 0 0.065' })}
        ${joint({ ...abdomen('y', '0 1 0', '-75 30', 10), at: '0 0 0.065' })}
        <body name="pelvis" pos="0 0 -0.165" quat="1 0 -0.002 0">
          ${joint({ ...abdomen('x', '1 0 0', '-35 35', 10), at: '0 0 0.1' })}
          ${capsule('butt', '-0.02 -0.07 0 -0.02 0.07 0', 0.09)}
          ${leg('right')}
          ${leg('left')}
        </body>
      </body>
      ${arm('right')}
      ${arm('left')}
    </body>
  </worldbody>
  <actuator>
    ${MOTORS.map(([name, gear]) => `<motor joint="${name}" gear="${gear}"/>`).join('\n    ')}
  </actuator>
</mujoco>
`;
}

function leg(side: Side): string {
  const out = side === 'right' ? -1 : 1;
  const hip = { armature: 0.01, damping: 5, stiffness: 10 };
  // Two differences between the sides, as published.
  const hipY = { axis: '0 1 0', range: '-110 20', stiffness: 20, armature: side === 'right' ? 0.008 : 0.01 };
  const knee = { axis: '0 -1 0', range: '-160 -2', armature: 0.006, stiffness: side === 'right' ? 0 : 1 };
  return `<body name="${side}-thigh" pos="0 ${0.1 * out} -0.04">
            ${joint({ ...hip, name: `${side}-hip-x`, axis: `${-out} 0 0`, range: '-25 5' })}
            ${joint({ ...hip, name: `${side}-hip-z`, axis: `0 0 ${-out}`, range: '-60 35' })}
            ${joint({ ...hip, ...hipY, name: `${side}-hip-y` })}
            ${capsule(`${side}-thigh`, `0 0 0 0 ${-0.01 * out} -0.34`, 0.06)}
            <body name="${side}-shin" pos="0 ${-0.01 * out} -0.403">
              ${joint({ ...knee, name: `${side}-knee`, at: '0 0 0.02' })}
              ${capsule(`${side}-shin`, '0 0 0 0 0 -0.3', 0.049)}
              <body name="${side}-foot" pos="0 0 -0.45">
                ${sphere(`${side}-foot`, '0 0 0.1', 0.075)}
              </body>
            </body>
          </body>`;
}

function arm(side: Side): string {
  const out = side === 'right' ? -1 : 1;
  const shoulder = { stiffness: 1, range: side === 'right' ? '-85 60' : '-60 85' };
  return `<body name="${side}-upper-arm" pos="0 ${0.17 * out} 0.06">
        ${joint({ ...shoulder, name: `${side}-shoulder-1`, armature: 0.0068, axis: `2 ${-out} 1` })}
        ${joint({ ...shoulder, name: `${side}-shoulder-2`, armature: 0.0051, axis: `0 ${out} 1` })}
        ${capsule(`${side}-upper-arm`, `0 0 0 0.16 ${0.16 * out} -0.16`, 0.04)}
        <body name="${side}-lower-arm" pos="0.18 ${0.18 * out} -0.18">
          ${joint({ name: `${side}-elbow`, axis: `0 -1 ${-out}`, range: '-90 50', armature: 0.0028 })}
          ${capsule(`${side}-lower-arm`, `0.01 ${-0.01 * out} 0.01 0.17 ${-0.17 * out} 0.17`, 0.031)}
          ${sphere(`${side}-hand`, `0.18 ${-0.18 * out} 0.18`, 0.04)}
        </body>
      </body>`;
}

function abdomen(which: string, axis: string, range: string, stiffness: number): Joint {
  return { name: `abdomen-${which}`, axis, range, stiffness, armature: 0.02, damping: 5 };
}

function joint({ name, axis, range, armature, stiffness = 0, damping = 1, at = '0 0 0' }: Joint): string {
  return (
    `<joint name="${name}" type="hinge" axis="${axis}" range="${range}" pos="${at}" armature="${armature}" ` +
    `stiffness="${stiffness}" damping="${damping}"/>`
  );
}

function capsule(name: string, ends: string, radius: number): string {
  return `<geom name="${name}" type="capsule" fromto="${ends}" size="${radius}"/>`;
}

function sphere(name: string, at: string, radius: number): string {
  return `<geom name="${name}" type="sphere" pos="${at}" size="${radius}"/>`;
}
