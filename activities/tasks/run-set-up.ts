/**
 * The advice if something is missing that set-up installs.
 */

/** The command in a clone, and the one in a folder with the npm package. */
export const RUN_SET_UP = 'Run `npm run setup` (with the npm package: `npx fire-pbt setup`)';
