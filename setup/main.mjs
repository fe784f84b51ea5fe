/**
 * `npm run setup [-- --tests]`: installs everything that this checkout needs.
 */

import { setUp } from './set-up.mjs';

const [option, ...rest] = process.argv.slice(2);
if (rest.length > 0 || (option !== undefined && option !== '--tests')) {
  console.error(`Expected the arguments to be none or --tests, got ${process.argv.slice(2).join(' ')}`);
  process.exit(1);
}
const hadWork = await setUp({ tests: option === '--tests' });
console.error(hadWork ? 'Set-up is complete. Next: npm start' : 'Set-up was already complete. Next: npm start');
