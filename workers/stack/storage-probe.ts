/**
 * `storage-probe.ts BUCKET`: checks that the environment of this process names a usable S3. If not, prints the reason.
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
