/**
 * The data that a command needs beside the programs.
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/**
 * Tells whether a command trains an experiment on Fashion-MNIST. Others run without these data.
 * @param {string} command e.g. "start"
 * @param {string[]} args its arguments
 * @returns {boolean} false if the experiment cannot be read: the command says what is wrong with the file
 */
export function trainsOnFashionMnist(command, args) {
  if (command !== 'start' && command !== 'simulate') return false;
  const options = /** @type {const} */ ({ 'input-file': { type: 'string' } });
  const file = parseArgs({ args, options, strict: false }).values['input-file'];
  // Without a file, only `start` has an experiment.
  if (typeof file !== 'string') return command === 'start';
  try {
    return readFileSync(file, 'utf8').includes('"fashion-mnist"');
  } catch {
    return false;
  }
}
