/**
 * Settings of the object store that the AWS SDK for JavaScript does not read from the environment itself.
 */
import { readFileSync } from 'node:fs';
import type { ObjectStoreOptions } from '../../activities/storage/store-connection.ts';
import { reasonOf, UserError } from './user-error.ts';

/**
 * Returns the settings: AWS_CA_BUNDLE names a file with certificates of authorities, as for the AWS CLI.
 *
 * @throws UserError if the file cannot be read
 */
export function storeSettings(environment: NodeJS.ProcessEnv = process.env): ObjectStoreOptions {
  const file = environment['AWS_CA_BUNDLE'];
  if (file === undefined || file === '') return {};
  try {
    return { certificateAuthorities: readFileSync(file, 'utf8') };
  } catch (error) {
    throw new UserError(`Cannot read the certificates that AWS_CA_BUNDLE names: ${reasonOf(error)}`, { cause: error });
  }
}
