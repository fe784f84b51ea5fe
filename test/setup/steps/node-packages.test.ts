/**
 * Set-up compares the installed packages with the lockfile, so that it repairs an interrupted or outdated installation
 * and keeps a complete one.
 */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { missingPackages } from '../../../setup/steps/node-packages.mjs';

describe('the npm packages', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'fire-pbt-packages-'));
    mkdirSync(path.join(root, 'node_modules'));
    const packages = {
      '': { version: '0.1.0' },
      'node_modules/zod': { version: '4.6.7', integrity: 'sha512-a' },
      'node_modules/fsevents': { version: '2.3.3', integrity: 'sha512-b', optional: true },
    };
    writeFileSync(path.join(root, 'package-lock.json'), JSON.stringify({ packages }));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** Writes npm's own record of what it has installed. */
  function install(packages: Record<string, { version: string; integrity: string }> | string): void {
    writeFileSync(
      path.join(root, 'node_modules', '.package-lock.json'),
      typeof packages === 'string' ? packages : JSON.stringify({ packages }),
    );
  }

  test('are in place if all are installed, except those for other systems', () => {
    install({ 'node_modules/zod': { version: '4.6.7', integrity: 'sha512-a' } });
    assert.deepEqual(missingPackages(root), []);
  });

  test('are missing before the first installation', () => {
    assert.deepEqual(missingPackages(root), ['node_modules/zod']);
  });

  test('are missing if npm was interrupted while it wrote its record', () => {
    install('{"packages": {"node_modu');
    assert.deepEqual(missingPackages(root), ['node_modules/zod']);
  });

  test('are missing if the lockfile names another version or other content', () => {
    install({ 'node_modules/zod': { version: '4.6.6', integrity: 'sha512-a' } });
    assert.deepEqual(missingPackages(root), ['node_modules/zod']);
    install({ 'node_modules/zod': { version: '4.6.7', integrity: 'sha512-x' } });
    assert.deepEqual(missingPackages(root), ['node_modules/zod']);
  });
});
