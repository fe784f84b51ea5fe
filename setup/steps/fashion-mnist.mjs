/**
 * Installs the data set Fashion-MNIST: four gzip files. Set-up uses the installed Debian package, else downloads that
 * package, else downloads the files from the authors' address.
 *
 * Set-up compares the SHA-256 of the uncompressed content, because Debian's files are compressed differently.
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { SetupFailure, systemReason } from '../failure.mjs';
import { link } from '../links.mjs';
import { LOCAL, LOGS, ROOT, displayPath } from '../places.mjs';
import { findOnPath } from '../processes.mjs';
import { formatSize } from '../report.mjs';

const PLACE = path.join(LOCAL, 'data', 'fashion-mnist');
const RECORD = path.join(LOCAL, 'data', 'fashion-mnist.verified.json');
const SYSTEM_PLACE = '/usr/share/datasets/fashion-mnist';
const DEBIAN_PACKAGE = 'dataset-fashion-mnist';
const PUBLISHER = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com';
const SIZE_BYTES = 30.9e6;

/** Maximal time without data from a connection. */
const IDLE_TIMEOUT_S = 30;

/** @typedef {{ name: string, contentSha256: string, contentSizeBytes: number }} DataFile */

/** @type {import('../set-up.mjs').Step} */
export const fashionMnist = {
  name: 'fashion-mnist',
  title: 'Fashion-MNIST',
  downloadBytes: SIZE_BYTES,
  diskBytes: 100e6,
  needs: [],

  isInPlace() {
    return missing(PLACE).length === 0 && isRecorded(PLACE);
  },

  async install(task) {
    if (missing(PLACE).length > 0) {
      if (missing(SYSTEM_PLACE).length === 0) {
        verify(SYSTEM_PLACE);
        removeIncomplete();
        link(SYSTEM_PLACE, PLACE, { relative: false });
      } else {
        const fetched = (await fromDebian(task)) ?? (await fromPublisher(task));
        verify(fetched);
        removeIncomplete();
        mkdirSync(path.dirname(PLACE), { recursive: true });
        renameSync(fetched, PLACE);
      }
    }
    task.progress('verifying');
    verify(PLACE);
    writeFileSync(RECORD, JSON.stringify(stampsOf(PLACE)));
    return `60,000 + 10,000 images, verified, in ${displayPath(existsSync(SYSTEM_PLACE) ? SYSTEM_PLACE : PLACE)}`;
  },
};

/** @returns {readonly DataFile[]} the files of the data set */
function dataFiles() {
  const description = path.join(ROOT, 'activities', 'tasks', 'datasets', 'fashion-mnist.json');
  return /** @type {{ files: DataFile[] }} */ (JSON.parse(readFileSync(description, 'utf8'))).files;
}

/**
 * @param {string} folder
 * @returns {string[]} names of the missing files
 */
function missing(folder) {
  return dataFiles()
    .map(({ name }) => name)
    .filter((name) => !existsSync(path.join(folder, name)));
}

/**
 * Compares the content of every file with the known digest.
 * @param {string} folder
 * @param {readonly DataFile[]} [files]
 * @throws {SetupFailure} naming the first file that differs
 */
export function verify(folder, files = dataFiles()) {
  for (const { name, contentSha256, contentSizeBytes } of files) {
    const file = path.join(folder, name);
    let found;
    try {
      found = createHash('sha256')
        .update(gunzipSync(readFileSync(file), { maxOutputLength: contentSizeBytes }))
        .digest('hex');
    } catch (error) {
      if (systemReason(error) !== undefined) throw error;
      found =
        `no gzip file of ${String(contentSizeBytes)} bytes (` +
        `${error instanceof Error ? error.message : String(error)})`;
    }
    if (found !== contentSha256) {
      throw new SetupFailure(
        `Expected the content of ${displayPath(file)} to have SHA-256 ${contentSha256}, got ${found}`,
        {
          advice: 'the file is damaged or has other data; remove it and start again to download the correct one',
        },
      );
    }
  }
}

/**
 * Returns properties that show that the files did not change since they were verified. This avoids reading 26 MB at
 * every start. Training verifies the data again when it reads them.
 * @param {string} folder
 */
function stampsOf(folder) {
  return dataFiles().map(({ name }) => {
    const { size, mtimeMs, ino } = statSync(path.join(folder, name));
    return { name, size, mtimeMs, ino };
  });
}

/** @param {string} folder */
function isRecorded(folder) {
  return existsSync(RECORD) && readFileSync(RECORD, 'utf8') === JSON.stringify(stampsOf(folder));
}

/** Removes an incomplete data set. */
function removeIncomplete() {
  rmSync(PLACE, { recursive: true, force: true });
}

/**
 * Downloads Debian's package and unpacks the files, without installing the package. apt uses separate lists and caches,
 * so it needs no privileges and changes nothing on the system.
 * @param {import('../set-up.mjs').Task} task
 * @returns {Promise<string | undefined>} the folder; undefined if apt or the package is not available
 */
async function fromDebian(task) {
  if (findOnPath('apt-get') === undefined || findOnPath('dpkg-deb') === undefined) return undefined;
  const folder = path.join(task.staging, 'apt');
  for (const part of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(path.join(folder, part), { recursive: true });
  const options = Object.entries({
    'Dir::State::lists': path.join(folder, 'lists'),
    'Dir::Cache': path.join(folder, 'cache'),
    'Acquire::Languages': 'none',
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '20',
    'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '',
    'APT::Update::Post-Invoke-Success::': '',
  }).flatMap(([key, value]) => (value === '' ? [] : ['-o', `${key}=${value}`]));
  try {
    await task.run('apt-get', ['-qq', ...options, 'update'], {
      purpose: 'read the package lists',
      onTick: () => task.progress("reading Debian's package lists"),
    });
    await task.run('apt-get', ['-qq', ...options, 'download', DEBIAN_PACKAGE], {
      purpose: `download ${DEBIAN_PACKAGE}`,
      cwd: folder,
      onTick: () => task.progress(`downloading ${formatSize(SIZE_BYTES)}`),
    });
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (archive === undefined) return undefined;
    await task.run('dpkg-deb', ['-x', archive, 'unpacked'], { purpose: `unpack ${archive}`, cwd: folder });
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    task.line(
      `  Fashion-MNIST: the package ${DEBIAN_PACKAGE} is not available (${error.message}); trying the authors' address`,
    );
    return undefined;
  }
  const unpacked = path.join(folder, 'unpacked', SYSTEM_PLACE);
  return missing(unpacked).length === 0 ? unpacked : undefined;
}

/**
 * Downloads the files from the authors' address.
 * @param {import('../set-up.mjs').Task} task
 * @returns {Promise<string>} the folder
 */
async function fromPublisher(task) {
  const folder = path.join(task.staging, 'published');
  mkdirSync(folder, { recursive: true });
  for (const { name } of dataFiles()) {
    try {
      await download(task, `${PUBLISHER}/${name}`, path.join(folder, name));
    } catch (error) {
      if (!(error instanceof SetupFailure)) throw error;
      const names = dataFiles().map((file) => file.name);
      throw new SetupFailure(error.message, {
        advice: error.advice ?? `download ${names.join(', ')} yourself and put them into ${displayPath(PLACE)}`,
        log: path.join(LOGS, 'setup-fashion-mnist.log'),
        cause: error,
      });
    }
  }
  return folder;
}

/** Python's urllib goes through the proxy that the environment names, as pip does; Node's fetch does not. */
const DOWNLOAD = `
import http.client, shutil, sys, urllib.error, urllib.request
address, place, timeout = sys.argv[1:]
try:
    with urllib.request.urlopen(address, timeout=float(timeout)) as answer, open(place, 'wb') as copy:
        shutil.copyfileobj(answer, copy, 1 << 16)
        expected = answer.headers.get('Content-Length')
        if expected is not None and copy.tell() != int(expected):
            sys.exit('error: got %d of %s bytes' % (copy.tell(), expected))
except urllib.error.HTTPError as error:
    sys.exit('error: ' + str(error))
except (OSError, ValueError, http.client.HTTPException) as error:
    sys.exit('error: ' + str(getattr(error, 'reason', error)))
`;

/**
 * Downloads a file.
 * @param {import('../set-up.mjs').Task} task
 * @param {string} address
 * @param {string} file where to write it, in a folder with nothing but such downloads
 * @throws {SetupFailure} naming the address and the reason
 */
export async function download(task, address, file) {
  const folder = path.dirname(file);
  const received = () => readdirSync(folder).reduce((bytes, name) => bytes + statSync(path.join(folder, name)).size, 0);
  await task.run('python3', ['-c', DOWNLOAD, address, file, String(IDLE_TIMEOUT_S)], {
    purpose: `download ${address}`,
    onTick: () => task.progress(`downloading ${formatSize(received())} of ${formatSize(SIZE_BYTES)}`),
  });
}
