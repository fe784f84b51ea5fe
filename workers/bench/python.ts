/**
 * Scripts that measure PyTorch, with the Python that the user names.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** Looks whether a Python has PyTorch, and perhaps torchvision; says so if not. */
export function hasPytorch(python: string, name: 'PyTorch' | 'torchvision' = 'PyTorch'): boolean {
  const modules = name === 'PyTorch' ? 'torch' : 'torch, torchvision';
  const has = spawnSync(python, ['-c', `import ${modules}`], { stdio: 'ignore' }).status === 0;
  if (!has) console.log(`${name} is not measured: \`${python}\` has none. \`--python PATH\` names another one.`);
  return has;
}

/**
 * Returns the number that a script beside this file prints.
 *
 * @throws Error if the script fails, with what it wrote
 */
export function measurePytorch(python: string, script: string, args: readonly (string | number)[]): number {
  const command = [path.join(import.meta.dirname, script), ...args.map(String)];
  const { status, stdout, stderr } = spawnSync(python, command, { encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) throw new Error(`Cannot measure PyTorch: ${stderr}`);
  return Number(stdout);
}
