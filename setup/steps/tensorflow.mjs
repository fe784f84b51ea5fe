/**
 * Installs the native TensorFlow library for TensorFlow.js.
 *
 * `@tensorflow/tfjs-node-gpu` has a small binding of two C++ files. Its own installation downloads a binding and a
 * library of 2022. Set-up instead compiles the two files, in seconds, against the C library of a current Python wheel
 * or against one that the machine has. The binding uses only Node-API, whose headers are an npm package. So set-up
 * needs neither Node's headers nor node-gyp, and one binding works with every version of Node. It stays outside
 * `node_modules`, so that several folders with different libraries can share one installed package.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { SetupFailure } from '../failure.mjs';
import { link } from '../links.mjs';
import { BINDING, displayPath, LOCAL, NODE_MODULES, ROOT } from '../places.mjs';
import { findOnPath } from '../processes.mjs';
import { download, FOREIGN_WHEEL, unpack } from '../wheels.mjs';
import { nodePackages } from './node-packages.mjs';

const VERSION = '2.21.0';
const PACKAGE = path.join(NODE_MODULES, '@tensorflow', 'tfjs-node-gpu');

/** Prefixes of the headers that the binding needs: 14 of the wheel's 10,000. */
const HEADERS = ['c/', 'core/platform/ctstring']
  .map((name) => `tensorflow/include/tensorflow/${name}`)
  .concat(['tensorflow/include/tsl/platform/ctstring', 'tensorflow/include/xla/tsl/c/']);
const LIBRARIES = ['tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2'];

/** Sizes of the downloads and of the unpacked files. */
const SIZES = {
  cpu: { downloadBytes: 274e6, unpackedBytes: 854e6 },
  cuda: { downloadBytes: 3.4e9, unpackedBytes: 5.6e9 },
  existing: { downloadBytes: 0, unpackedBytes: 0 },
};

/** Program of a child process, because a library that does not fit the machine ends its process. */
const CHECK = `
import { writeFileSync } from 'node:fs';
import { requireTensorFlow } from './activities/tasks/tensorflow/require-tensorflow.mjs';
const [deviceFile, binding] = process.argv.slice(1);
const tf = requireTensorFlow(binding);
const sum = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).sum().dataSync()[0];
if (tf.getBackend() !== 'tensorflow' || sum !== 12)
  throw new Error('backend ' + tf.getBackend() + ', sum of a product ' + sum);
writeFileSync(deviceFile, tf.backend().isUsingGpuDevice ? 'gpu' : 'cpu');
`;

/**
 * A TensorFlow C library to build against.
 * @typedef {{ kind: 'cpu' | 'cuda' } | { kind: 'existing', prefix: string }} Library
 */

/** @type {import('../set-up.mjs').Step} */
export const tensorflow = {
  name: 'tensorflow',
  title: 'TensorFlow',
  madeFrom: nodePackages,
  get downloadBytes() {
    return isFetched(chooseLibrary()) ? 0 : SIZES[chooseLibrary().kind].downloadBytes;
  },
  get diskBytes() {
    return isFetched(chooseLibrary())
      ? 1e6
      : SIZES[chooseLibrary().kind].downloadBytes + SIZES[chooseLibrary().kind].unpackedBytes;
  },
  get needs() {
    return chooseLibrary().kind === 'existing' ? /** @type {const} */ (['c++']) : /** @type {const} */ (['c++', 'pip']);
  },

  isInPlace() {
    const wanted = bindingFor(chooseLibrary());
    return existsSync(wanted) && existsSync(BINDING) && realpathSync(BINDING) === realpathSync(wanted);
  },

  async install(task) {
    const library = chooseLibrary();
    try {
      return await installFor(library, task);
    } catch (error) {
      throw library.kind === 'existing' ? withOtherLibraries(error, library.prefix) : error;
    }
  },
};

/**
 * @param {Library} library
 * @param {import('../set-up.mjs').Task} task
 */
async function installFor(library, task) {
  const folder = folderOf(library);
  if (library.kind !== 'existing' && !isFetched(library)) await fetchLibrary(task, library.kind, folder);
  const wanted = bindingFor(library);
  if (!existsSync(wanted)) await compile(task, library, wanted);
  link(wanted, BINDING);
  try {
    const device = await check(task);
    if (library.kind === 'cuda' && device === 'cpu') {
      task.line('  TensorFlow finds no GPU and trains on the CPU. It needs version 525 or later of the NVIDIA driver.');
    }
    return library.kind === 'existing'
      ? `the library in ${library.prefix}, on the ${device.toUpperCase()}`
      : `${VERSION} in ${displayPath(folder)}, on the ${device.toUpperCase()}`;
  } catch (error) {
    // The next start must not find a binding that does not work.
    rmSync(BINDING, { force: true });
    rmSync(path.dirname(wanted), { recursive: true, force: true });
    throw error;
  }
}

/**
 * Chooses the library: the one that TENSORFLOW_PREFIX names, else the one from the package registry for the
 * TENSORFLOW_DEVICE, cpu or cuda, else one that is installed under /usr/local or /usr, else one from the package
 * registry, with CUDA if there is an NVIDIA GPU.
 * @param {NodeJS.ProcessEnv} [environment]
 * @param {readonly string[]} [usual] where a library may be installed
 * @returns {Library}
 * @throws {SetupFailure} if TENSORFLOW_PREFIX names a folder without the library, or TENSORFLOW_DEVICE another device
 */
export function chooseLibrary(environment = process.env, usual = ['/usr/local', '/usr']) {
  const { TENSORFLOW_PREFIX: named = '', TENSORFLOW_DEVICE: device = '' } = environment;
  if (named !== '') {
    const prefix = path.resolve(named);
    if (hasLibrary(prefix)) return { kind: 'existing', prefix };
    throw new SetupFailure(
      `Expected TENSORFLOW_PREFIX to be a folder with lib/libtensorflow.so and include/tensorflow/c, got ${named}`,
    );
  }
  if (device === 'cpu' || device === 'cuda') return { kind: device };
  if (device !== '') throw new SetupFailure(`Expected TENSORFLOW_DEVICE to be cpu or cuda, got ${device}`);
  const installed = usual.find(hasLibrary);
  if (installed !== undefined) return { kind: 'existing', prefix: installed };
  return { kind: hasNvidiaGpu() ? 'cuda' : 'cpu' };
}

/**
 * Adds to a failure how to use another library than the one that was found on the machine.
 * @param {unknown} error
 * @param {string} prefix
 * @returns {unknown}
 */
export function withOtherLibraries(error, prefix) {
  if (!(error instanceof SetupFailure)) return error;
  const { message, log, advice } = error;
  return new SetupFailure(message, {
    advice: [
      ...(advice === undefined ? [] : [advice]),
      `this is with the library in ${prefix}; TENSORFLOW_DEVICE=cpu or cuda downloads one, and ` +
        'TENSORFLOW_PREFIX names another',
    ].join('; '),
    ...(log === undefined ? {} : { log }),
    cause: error,
  });
}

/** @param {string} prefix */
function hasLibrary(prefix) {
  return (
    existsSync(path.join(prefix, 'lib', 'libtensorflow.so')) &&
    existsSync(path.join(prefix, 'include', 'tensorflow', 'c', 'eager', 'c_api.h'))
  );
}

/** Tells whether there is an NVIDIA GPU. Looks only for files and programs of the driver, and runs nothing. */
function hasNvidiaGpu() {
  const driverFolder = '/proc/driver/nvidia/gpus';
  return (
    (existsSync(driverFolder) && readdirSync(driverFolder).length > 0) ||
    (existsSync('/dev/dxg') && findOnPath('nvidia-smi') !== undefined)
  );
}

/** @param {Library} library */
function isFetched(library) {
  return library.kind === 'existing' || existsSync(path.join(folderOf(library), 'tensorflow'));
}

/** @param {Library} library */
function folderOf(library) {
  return path.join(
    LOCAL,
    library.kind === 'existing' ? 'tensorflow-existing' : `tensorflow-${VERSION}-${library.kind}`,
  );
}

/**
 * Returns the path of the binding for a library. Each library and each version of the package has its own binding.
 * @param {Library} library
 */
function bindingFor(library) {
  const packageFile = path.join(PACKAGE, 'package.json');
  const { version } = existsSync(packageFile)
    ? /** @type {{ version: string }} */ (JSON.parse(readFileSync(packageFile, 'utf8')))
    : { version: 'none' };
  let name = `binding-${version}`;
  if (library.kind === 'existing') {
    const { size, mtimeMs } = statSync(path.join(library.prefix, 'lib', 'libtensorflow.so'));
    name += `-${createHash('sha256')
      .update(`${library.prefix} ${String(size)} ${String(mtimeMs)}`)
      .digest('hex')
      .slice(0, 12)}`;
  }
  return path.join(folderOf(library), name, 'tfjs_binding.node');
}

/**
 * Downloads a library and its headers into a folder. Keeps the layout of the wheels, because the libraries find each
 * other and those of NVIDIA by relative paths. NVIDIA's libraries were only loaded on a machine without a GPU; the
 * rest was tried on one (docs/gpu.md).
 * @param {import('../set-up.mjs').Task} task
 * @param {'cpu' | 'cuda'} kind
 * @param {string} folder
 */
async function fetchLibrary(task, kind, folder) {
  const unpacked = path.join(task.staging, 'library');
  for (const wheel of await download(task, `tensorflow-${kind}.txt`, SIZES[kind].downloadBytes, FOREIGN_WHEEL)) {
    const isTensorflow = path.basename(wheel).startsWith('tensorflow');
    await unpack(
      task,
      wheel,
      unpacked,
      isTensorflow ? [...HEADERS, ...LIBRARIES] : ['nvidia/'],
      SIZES[kind].unpackedBytes,
    );
    rmSync(wheel);
  }
  renameSync(unpacked, folder);
}

/**
 * Compiles the package's two files against a library.
 * @param {import('../set-up.mjs').Task} task
 * @param {Library} library
 * @param {string} wanted path of the new binding
 */
async function compile(task, library, wanted) {
  const staged = path.join(task.staging, 'binding');
  mkdirSync(staged, { recursive: true });
  const tensorflowFolder = path.join(folderOf(library), 'tensorflow');
  const [headers, ...libraries] =
    library.kind === 'existing'
      ? [
          path.join(library.prefix, 'include'),
          `-L${path.join(library.prefix, 'lib')}`,
          '-ltensorflow',
          '-ltensorflow_framework',
          `-Wl,-rpath,${path.join(library.prefix, 'lib')}`,
        ]
      : [
          path.join(tensorflowFolder, 'include'),
          ...LIBRARIES.map((name) => path.join(folderOf(library), name)),
          '-Wl,-rpath,$ORIGIN/../tensorflow',
        ];
  await task.run(
    findCompiler() ?? 'c++',
    [
      ...['-std=c++17', '-O2', '-fPIC', '-shared', '-pthread', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'],
      ...['-I', path.join(NODE_MODULES, 'node-api-headers', 'include'), '-I', headers],
      ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => path.join(PACKAGE, 'binding', name)),
      ...['-o', path.join(staged, 'tfjs_binding.node'), ...libraries],
    ],
    { purpose: "compile TensorFlow.js's binding", onTick: () => task.progress("compiling TensorFlow.js's binding") },
  );
  mkdirSync(path.dirname(path.dirname(wanted)), { recursive: true });
  rmSync(path.dirname(wanted), { recursive: true, force: true });
  renameSync(staged, path.dirname(wanted));
}

/** Finds the C++ compiler: $CXX, g++, c++ or clang++; undefined if there is none. */
export function findCompiler() {
  const named = process.env['CXX'];
  return (
    (named === undefined || named === '' ? undefined : (findOnPath(named) ?? named)) ??
    findOnPath('g++') ??
    findOnPath('c++') ??
    findOnPath('clang++')
  );
}

/**
 * Multiplies two matrices in a child process, to check that TensorFlow works.
 * @param {import('../set-up.mjs').Task} task
 * @returns {Promise<string>} 'cpu' or 'gpu'
 */
async function check(task) {
  const deviceFile = path.join(task.staging, 'device');
  await task.run(process.execPath, ['--input-type=module', '-e', CHECK, deviceFile, BINDING], {
    purpose: 'run TensorFlow',
    cwd: ROOT,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
    onTick: () => task.progress('checking'),
  });
  return readFileSync(deviceFile, 'utf8');
}
