/**
 * The tools that read what a run exports. `npm run test:tools` installs them and says where they are.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';

/** Returns the path of a program of the tools. */
export function toolPath(name: string): string {
  const folder = process.env['FIRE_PBT_TEST_TOOLS'];
  assert.ok(folder, 'run `npm run test:tools`');
  return join(folder, name);
}

/** Returns what a server answers, as JSON. */
export async function ask<T>(url: string, body?: object): Promise<T> {
  const posted = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(url, body === undefined ? {} : posted);
  assert.ok(response.ok, `${url}: HTTP ${response.status} ${await response.clone().text()}`);
  return (await response.json()) as T;
}

/** Returns whether a server answers. */
export async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
