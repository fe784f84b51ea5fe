/**
 * Looks whether this process's environment leads to an S3 that can be used, and says why not: `storage-probe.ts
 * BUCKET`.
 */
import { UserError, runProcess } from '../processes/user-error.ts';
import { checkStorageHere } from './object-server.ts';

await runProcess(async () => {
  try {
    await checkStorageHere(process.argv[2] ?? '');
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.log(error.message);
    return 1;
  }
});
