/**
 * How a trainer asks to be restarted. A process that has trained for long must end before TensorFlow.js runs out of
 * tensor ids.
 */

/** Exit code of a process that must be restarted; not a failure (EX_TEMPFAIL of sysexits.h). */
export const RECYCLE_EXIT_CODE = 75;
