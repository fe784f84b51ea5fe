/**
 * The beginning of a thread that steps environments: a thread has none of the loaders of its process.
 */

import { pathToFileURL } from 'node:url';
import { resolveOwnModules } from '../own-tasks/resolution.mjs';
import { moduleFile } from '../processes/places.mjs';

await resolveOwnModules();
await import(pathToFileURL(moduleFile('activities/tasks/environments/environment-thread.ts')).href);
