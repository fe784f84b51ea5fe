/**
 * `npm run setup [-- --tests]`: brings everything into place, and says so.
 */

import { setUp } from './set-up.mjs';

const [option, ...rest] = process.argv.slice(2);
if (rest.length > 0 || (option !== undefined && option !== '--tests')) {
  console.error(`Expected the arguments to be none or --tests, got ${process.argv.slice(2).join(' ')}`);
  process.exit(1);
}
const hadWork = await setUp({ tests: option === '--tests' });
console.error(hadWork ? 'Everything is in place. Next: npm start' : 'Everything is in place already. Next: npm start');
