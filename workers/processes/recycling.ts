/**
 * How a worker asks to be started afresh: a process that trained for long enough must end before TensorFlow.js runs out
 * of tensor ids.
 */

/** Exit code of a process that wants a successor; nobody's failure (EX_TEMPFAIL of sysexits.h). */
export const RECYCLE_EXIT_CODE = 75;
