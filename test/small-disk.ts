/**
 * A real disk of a few megabytes, seen by one program alone: a tmpfs in a mount namespace of that program's own, which
 * needs no root where user namespaces are allowed.
 */
import { spawnSync } from 'node:child_process';

/** Mounts at the folder, then becomes the program. */
const SCRIPT = 'mount -t tmpfs -o size="$1" none "$2" && shift 2 && exec "$@"';
/** As any user; as root where user namespaces are not allowed. */
const WAYS = ['-rm', '-m'] as const;

/**
 * Returns the command line that runs the program with a disk of that size at the folder, in a process that keeps its
 * id. @throws where this system allows none
 */
export function onSmallDisk(
  sizeBytes: number,
  folder: string,
  command: string,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  const way = findWay();
  if ('refusal' in way) throw new Error(way.refusal);
  return {
    command: 'unshare',
    args: [way.option, 'sh', '-c', SCRIPT, 'sh', String(sizeBytes), folder, command, ...args],
  };
}

/** Returns the folder as that program sees it. */
export function asSeenBy(pid: number, folder: string): string {
  return `/proc/${pid}/root${folder}`;
}

/** Says why this system allows no small disk, for a test to skip with; false where it does. */
export function whyNoSmallDisk(): string | false {
  const way = findWay();
  return 'refusal' in way ? way.refusal : false;
}

function findWay(): { readonly option: string } | { readonly refusal: string } {
  const said: string[] = [];
  for (const option of WAYS) {
    const { status, stderr, error } = spawnSync(
      'unshare',
      [option, 'sh', '-c', SCRIPT, 'sh', '1000000', '/tmp', 'true'],
      { encoding: 'utf8' },
    );
    if (status === 0) return { option };
    said.push(`unshare ${option}: ${error?.message ?? stderr.trim()}`);
  }
  return { refusal: `a small disk needs a mount namespace, which this system does not allow (${said.join('; ')})` };
}
